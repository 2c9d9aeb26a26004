#!/bin/sh
echo "asking each service whether it is well"
