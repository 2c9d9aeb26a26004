"""What a build is doing, read from what BuildKit prints."""

from __future__ import annotations

import pytest

from buildx_tasks.reporting.doing import Doing


@pytest.mark.parametrize(
    ("text", "doing"),
    [
        ("#9 [build 2/4] RUN make\n", "[build 2/4] RUN make"),
        ("#9 [build 2/4] RUN make\n#9 0.3 cc -c a.c\n#9 DONE 0.3s\n", "[build 2/4] RUN make: cc -c a.c"),
        ("#9 [a 2/2] RUN x\n#8 [b 2/2] RUN y\n#9 0.3 one\n", "[a 2/2] RUN x: one"),
        ("#9 [a 2/2] RUN x\n#9 0.3 10%\r20%\r\n#9 0.4 \n", "[a 2/2] RUN x: 20%"),
        (f"#9 [2/2] RUN {'x' * 90}\n#9 0.3 said\n", f"[2/2] RUN {'x' * 29}…: said"),
        ("#9 exporting to image\n#9 exporting layers 0.0s done\n", "exporting to image"),
        ("#9 importing cache manifest from r/app:cache\n", "importing cache manifest from r/app:cache"),
        ("#9 pushing layers 0.2s done\n#7 0.1 of nobody\n", ""),
        ("Step 1/2 : FROM busybox\n", "Step 1/2 : FROM busybox"),
        ("\x1b[31mred\x1b[0m\x1b[2Aup\n", "redup"),
        ("\n", ""),
    ],
)
def test_doing(text: str, doing: str) -> None:
    said = Doing()
    said.feed(text)
    assert said.text == doing
