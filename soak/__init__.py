"""Long tests with random inputs, kills, races and interrupts: `python -m soak`, `nox -s soak`."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

# The generator of random configs is shared with the tests.
if str(ROOT / "tests" / "support") not in sys.path:
    sys.path.append(str(ROOT / "tests" / "support"))
