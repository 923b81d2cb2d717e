"""Writes the pages; run in scripts/: python -m reference FOLDER.

Whatever has no description ends it with exit code 1, and so ``make docs``.
"""

import sys
from pathlib import Path

from . import markdown, pages, undescribed


def main() -> int:
    """Write the pages; say what has no description."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    made = pages()
    for name, page in made.items():
        (folder / f"{name}.md").write_text(markdown(page), encoding="utf-8", newline="\n")
    missing = undescribed(made.values())
    for place in missing:
        print(f"error: {place} has no description", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
