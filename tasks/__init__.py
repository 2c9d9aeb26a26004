"""This repository's own Invoke tasks: the plugin as a user mounts it, the lab, the pages of docs/. None is shipped.

`invoke` puts this very folder first on the import path: no file in it may be named like another module.
"""

import buildx_tasks
from tasks.lab.commands import collection as lab
from tasks.pages.commands import collection as docs

ns = buildx_tasks.namespace()
ns.add_collection(lab)
ns.add_collection(docs)
