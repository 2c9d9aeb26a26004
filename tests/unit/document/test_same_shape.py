"""From `SAME_SHAPE_SINCE` on a config has the newest shape as it is; the table of steps must agree."""

from __future__ import annotations

from buildx_tasks.document.migrations.table import STEPS
from buildx_tasks.model.apiversion import SAME_SHAPE_SINCE, position


def test_the_last_step_with_code_is_the_one_that_gives_the_shape() -> None:
    assert max(STEPS, key=position) == SAME_SHAPE_SINCE
