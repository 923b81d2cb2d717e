"""``python -m PACKAGE.doctor [--json]``: whether the command line can be imported, and else why not.

Says nothing where it can: then the command ``doctor`` tells all. scripts/doctor.py calls both.
"""

import importlib
import sys
from pathlib import Path

from .environment import ANEW, environment
from .finding import ROOT_MODULE, as_json, as_text, fault


def main() -> int:
    """Print what keeps the command line from starting; 1 if something does."""
    try:
        importlib.import_module(f"{ROOT_MODULE}.cli")
    except Exception as error:  # whatever a broken library raises
        what = f"the command line cannot be imported: {type(error).__name__}: {error}"
        found = [*environment(Path.cwd()), fault("import", what, ANEW)]
        print(as_json(found) if "--json" in sys.argv else as_text(found))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
