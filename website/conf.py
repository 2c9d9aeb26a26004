"""How Sphinx makes the site: its pages are Markdown files of this repository, where they are.

`docs/index.md` is the way to every page: its lists become the navigation, a section of it one caption.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pygments.lexers.special import TextLexer

sys.path.insert(0, str(Path(__file__).parents[1]))

from website.navigation import INDEX, PAGES, sections

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "buildx-tasks"
author = "the authors of buildx-tasks"
extensions = ["myst_parser", "sphinx_copybutton"]
root_doc = INDEX.removesuffix(".md")
include_patterns = list(PAGES)
# The folders that are large, so that they aren't walked.
exclude_patterns = [".*", "_site", "dist", "buildx_tasks", "schema", "tests/[a-z]*"]
nitpicky = True

myst_heading_anchors = 4
# A page on a forge has these as pictures or as text; here they are text.
suppress_warnings = ["misc.highlighting_failure"]
pygments_style = "default"
pygments_dark_style = "monokai"

html_theme = "furo"
html_title = "buildx-tasks"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["offline.js"]
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False
html_use_index = False
html_theme_options: dict[str, list[str]] = {"top_of_page_buttons": []}
html_additional_pages = {"index": "redirect.html"}
templates_path = ["templates"]

copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True
copybutton_remove_prompts = True
copybutton_exclude = ".linenos, .gp"


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the navigation of the lists of the index, and let diagrams in text be text."""
    for name in ("mermaid", "dotenv"):
        app.add_lexer(name, TextLexer)
    app.connect("source-read", _add_navigation)
    return {"parallel_read_safe": True}


def _add_navigation(_app: Sphinx, page: str, source: list[str]) -> None:
    if page != root_doc:
        return
    for title, pages in sections(source[0]).items():
        names = "\n".join("/" + re.sub(r"\.md\Z", "", name) for name in pages)
        source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{names}\n```\n"
