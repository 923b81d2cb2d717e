"""An owner who edits a project at random, and remembers what is theirs."""

from __future__ import annotations

from pathlib import Path
from random import Random

from rendering import load_hook
from templates import git, put

JOINT = load_hook("post_gen_project").JOINT
MARKS = ("<<<<<<< ", "||||||| ", "=======", ">>>>>>> ")
BESIDE = ("pyproject.toml", "README.md", ".gitignore", "compose.yaml")


class Owner:
    """Puts lines of their own into a project, moves files and deletes some."""

    def __init__(self, project: Path, draw: Random) -> None:
        """Take over a project."""
        self.project = project
        self.lines: set[str] = set()
        """What must never be lost."""
        self.touched: set[str] = set()
        """Paths of the template that are no longer as it rendered them."""
        self._draw = draw
        self._count = 0

    def files(self) -> list[str]:
        """Return the files that git holds, but for the record."""
        listed = git(self.project, "ls-files", "-z").split("\0")
        return sorted(path for path in listed if path and path != ".cruft.json")

    def edit(self) -> str:
        """Do one thing, commit it, and return what."""
        act = self._draw.choice(
            (self._insert, self._beside, self._beside, self._move, self._delete)
        )
        done = act()
        put(self.project, done)
        return done

    def _insert(self) -> str:
        code = [p for p in self.files() if p.endswith((".py", ".md", ".yaml")) and "cruft" not in p]
        return self._line(self._draw.choice(code))

    def _beside(self) -> str:
        """A line next to a joint of options."""
        lists = [p for p in self.files() if p.endswith(".py") and JOINT in self._read(p)]
        path = self._draw.choice([*lists, *(p for p in BESIDE if (self.project / p).exists())])
        text = self._read(path).splitlines()
        joints = [n for n, line in enumerate(text) if line.strip() == JOINT]
        near = self._draw.choice(joints) + self._draw.choice((0, 1)) if joints else None
        return self._line(path, near)

    def _line(self, path: str, at: int | None = None) -> str:
        text = self._read(path).splitlines(keepends=True)
        self._count += 1
        line = f"# owner's line {self._count} of {self._draw.getrandbits(40):x}\n"
        text.insert(self._draw.randint(0, len(text)) if at is None else at, line)
        (self.project / path).write_text("".join(text), "utf-8")
        self.lines.add(line.strip())
        self.touched.add(path)
        return f"edit {path}"

    def _move(self) -> str:
        path = self._draw.choice([p for p in self.files() if p.startswith("src/")])
        target = f"{Path(path).parent}/moved_{self._draw.getrandbits(20):x}_{Path(path).name}"
        git(self.project, "mv", path, target)
        self.touched |= {path, target}
        return f"move {path} to {target}"

    def _delete(self) -> str:
        kept = [path for path in self.files() if not self.lines & set(self._own(path))]
        path = self._draw.choice([p for p in kept if p.startswith(("src/", "tests/", "docs/"))])
        (self.project / path).unlink()
        self.touched.add(path)
        return f"delete {path}"

    def resolve(self, path: str) -> None:
        """Settle a conflict by keeping all lines of both sides."""
        file = self.project / path
        if file.exists():
            lines = self._read(path).splitlines(keepends=True)
            file.write_text("".join(line for line in lines if not line.startswith(MARKS)), "utf-8")
        self.touched.add(path)

    def lost(self) -> set[str]:
        """Return which lines of theirs are in no file any more."""
        return self.lines.difference(*map(self._own, self.files()))

    def _own(self, path: str) -> list[str]:
        if not (self.project / path).exists():
            return []
        return [line.strip() for line in self._read(path).splitlines() if "owner's line" in line]

    def _read(self, path: str) -> str:
        return (self.project / path).read_text("utf-8", errors="replace")
