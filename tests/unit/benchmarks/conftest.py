"""The benchmarks are not shipped: they are imported from the checkout, behind everything installed."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))
