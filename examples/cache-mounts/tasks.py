"""The tasks of this project: all of buildx-tasks."""

import buildx_tasks

ns = buildx_tasks.namespace(__name__)
