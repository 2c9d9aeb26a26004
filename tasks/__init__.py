"""This repository's own Invoke tasks: the plugin as a user mounts it, and the lab. Nothing here is shipped.

`invoke` puts this very folder first on the import path: no file in it may be named like another module.
"""

from invoke.collection import Collection

from tasks.lab.commands import collection as lab

try:
    from buildx_tasks import namespace
except ImportError:  # not installed here; the lab does not need it
    ns = Collection()
else:
    ns = namespace()
ns.add_collection(lab)
