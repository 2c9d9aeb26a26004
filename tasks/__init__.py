"""This repository's own Invoke tasks: the plugin as a user mounts it, and the lab. Nothing here is shipped.

`invoke` puts this very folder first on the import path: no file in it may be named like another module.
"""

from invoke.collection import Collection

from tasks.lab.commands import collection as lab

ns = Collection()
ns.add_collection(lab)
