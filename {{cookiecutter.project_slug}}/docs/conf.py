"""How these pages become a site: `make docs`."""

import tomllib
from pathlib import Path

with (Path(__file__).parents[1] / "pyproject.toml").open("rb") as settings:
    _about = tomllib.load(settings)["project"]

project = _about["name"]
version = release = _about["version"]

extensions = ["myst_parser"]
myst_heading_anchors = 3  # links to headings, as code hosts make them
nitpicky = True

html_theme = "furo"
html_title = f"{project} {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False  # and so no address elsewhere
