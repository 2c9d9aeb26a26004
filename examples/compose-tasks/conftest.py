"""The fixture `tasks_file`: see docs/testing.md of buildx-tasks."""

pytest_plugins = ["buildx_tasks.testing"]
