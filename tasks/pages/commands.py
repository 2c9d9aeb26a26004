"""`docs.generate`: write the generated pages, or say which are stale."""

from collections.abc import Callable
from pathlib import Path

from invoke.collection import Collection
from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import task

from tasks.pages.api import api_page
from tasks.pages.compatibility import compatibility_page
from tasks.pages.doctor import doctor_page
from tasks.pages.errors import errors_page
from tasks.pages.pictures import drawings
from tasks.pages.pictures.board import board_picture
from tasks.pages.reference import tasks_page
from tasks.pages.settings import ROOT, settings_page

PAGES: dict[str, Callable[[], str]] = {
    "docs/api.md": api_page,
    "docs/doctor.md": doctor_page,
    "docs/errors.md": errors_page,
    "docs/pictures/architecture.svg": drawings.architecture,
    "docs/pictures/board.svg": board_picture,
    "docs/pictures/caches.svg": drawings.caches,
    "docs/pictures/destination.svg": drawings.destination,
    "docs/pictures/layers.svg": drawings.layers,
    "docs/settings.md": settings_page,
    "docs/skaffold-compatibility.md": compatibility_page,
    "docs/tasks.md": tasks_page,
}


@task(auto_shortflags=False, help={"check": "write nothing; end with 1 when a page is stale"})
def generate(c: Context, check: bool = False) -> None:
    """Write the generated pages and pictures of docs/."""
    del c
    stale = [path for path, make in PAGES.items() if _text(ROOT / path) != make()]
    if check and stale:
        raise Exit("\n".join(f"{path} is stale: run invoke docs.generate" for path in stale), 1)
    for path in stale:
        (ROOT / path).parent.mkdir(exist_ok=True)
        (ROOT / path).write_text(PAGES[path](), encoding="utf-8")
        print(f"wrote {path}")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


collection = Collection("docs", generate)
