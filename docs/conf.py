"""How the template's own pages become a site: `make docs`."""

from __future__ import annotations

import re

from sphinx.application import Sphinx

project = "cookiecutter-ml-production"
extensions = ["myst_parser"]
myst_heading_anchors = 3  # links to headings, as code hosts make them
nitpicky = True

html_theme = "furo"
html_title = project
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["site.css"]

# [text](../BENCHMARKS.md): a file of the repository that is no page of the site.
OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+(?!decisions/)[\w.-]+\.md(?:#[\w-]+)?\)")


# The list of decisions is written by hand, for readers of the repository; the site wants a tree.
TREE = """
```{toctree}
:hidden:
:glob:

0*
```
"""


def keep_inside(_: Sphinx, page: str, source: list[str]) -> None:
    """Leave only the words of links that lead out of docs/, and tell where the decisions hang."""
    depth = page.count("/") + 1
    source[0] = OUTSIDE.sub(
        lambda link: link[1] if link[0].count("../") >= depth else link[0], source[0]
    )
    if page == "decisions/README":
        source[0] += TREE


def setup(app: Sphinx) -> None:
    """Read each page through it."""
    app.connect("source-read", keep_inside)
