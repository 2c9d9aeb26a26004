ls /opt
