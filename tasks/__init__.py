"""This repository's own Invoke tasks: the plugin as a user mounts it, the lab, the pages of docs/. None is shipped.

`invoke` puts this very folder first on the import path: no file in it may be named like another module.
"""

from invoke.collection import Collection

from tasks.lab.commands import collection as lab

try:
    from buildx_tasks import namespace
except ImportError:  # not installed here; the lab does not need it
    ns = Collection()
else:
    from tasks.pages.commands import collection as docs

    ns = namespace(__name__)
    ns.add_collection(docs)
ns.add_collection(lab)
