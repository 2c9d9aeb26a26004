"""Commands in generated pages, as the pages written by hand have them: ``invoke buildx.build``."""

from buildx_tasks.model.taskname import respell


def as_invoke(text: str) -> str:
    """The text with the tasks run by `invoke`, under their own names."""
    return respell(text, lambda words: f"invoke {words}")
