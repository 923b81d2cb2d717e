"""How these pages become a site: `make docs`."""

import tomllib
from pathlib import Path

with (Path(__file__).parents[1] / "pyproject.toml").open("rb") as settings:
    _about = tomllib.load(settings)["project"]

project = _about["name"]
version = release = _about["version"]

extensions = ["autoapi.extension", "myst_parser"]
# The reference: settings, contract and errors, read from the code without running it.
_source = Path(__file__).parents[1] / "src"
autoapi_dirs = [str(_source)]
autoapi_ignore = [
    f"*/{part.name}*"
    for part in _source.glob("*/*")
    if part.stem not in {"__init__", "config", "contract", "errors"}
]
autoapi_root = "reference"
autoapi_add_toctree_entry = False
autoapi_options = ["members", "undoc-members"]
suppress_warnings = ["autoapi", "docutils"]  # of code; those of pages are myst's
myst_heading_anchors = 3  # links to headings, as code hosts make them
nitpicky = True
nitpick_ignore_regex = [("py:.*", ".*")]  # types of other libraries

html_theme = "furo"
html_title = f"{project} {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False  # and so no address elsewhere
