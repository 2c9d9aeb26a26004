"""Runs the installed program, and ends it when it opens a file of the checkout: installed.py CHECKOUT ARGUMENTS."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def refuse_files_below(checkout: str) -> None:
    """End this process, with status 1, when a file below `checkout` is opened, as an import does too."""

    def check(event: str, arguments: tuple[object, ...]) -> None:
        name = arguments[0] if event == "open" and arguments else None
        if isinstance(name, str) and Path(name).resolve().is_relative_to(checkout):
            os.write(2, f"the installed program opens {name}\n".encode())
            os._exit(1)

    sys.addaudithook(check)


if __name__ == "__main__":
    refuse_files_below(sys.argv.pop(1))

    from buildx_tasks.tasks.program import main

    main()
