"""The project's pages, command by command: each does, and prints, what it promises."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from checks.docs import RUN
from pages import PageError, Step, change, see, steps, write
from predictor import free_port
from rendering import ALL, BakedProject, clean_environment, render

TUTORIAL = "docs/tutorial.md"
START_S, COMMAND_S = 120, 900
# What a page takes for granted beside that.
WITHOUT = "rm tests/behaviour/test_flights.py"  # what it asks for takes all flights to learn
BEFORE = {
    "docs/howto/retrain.md": WITHOUT,
    "docs/howto/test-behaviour.md": WITHOUT,
    "docs/runbook.md": """\
make train ARGS="--set train.seed=7 --set train.gate.min_improvement=-0.005"
make promote ARGS="2 --why 'to have one to go back from'"
""",
}
# What a page takes for granted: what the tutorial has made, of a tenth of the flights. Lines are
# quick to learn; which kind wins is the tutorial's affair.
PREPARE = """\
.venv/bin/python -c "from flight_delay.data.example import *; fetch([Path('data/raw/flights.csv')])"
awk 'NR == 1 || NR % 10 == 0' data/raw/flights.csv > few.csv
mv few.csv data/raw/flights.csv
make data
make train
"""
WATCH = "make replay\nmake monitor"
QUICK = {
    "FLIGHT_DELAY__TRAIN__MODEL__KIND": "linear",
    "FLIGHT_DELAY__TRAIN__TRACKER": "none",
}


@dataclass
class Session:
    """A person who follows a page in a project."""

    project: BakedProject
    environment: dict[str, str]
    server: subprocess.Popen[bytes] | None = None
    printed: str = ""
    typed: list[str] = field(default_factory=list)

    def follow(self, page: str) -> None:
        """Do what a page says; a failure names its line."""
        try:
            for step in steps(self.project.read(page)):
                self._do(step)
        except PageError as error:
            raise PageError(f"{page}: {error}") from None
        finally:
            self.stop()

    def _do(self, step: Step) -> None:
        if step.kind == "write":
            write(step, self.project.path)
        elif step.kind == "change":
            change(step, self.project.path)
        elif step.kind == "see":
            see(step, self.printed)
        elif step.text.strip().rpartition("\n")[2].startswith("make serve"):
            before, _, served = step.text.strip().rpartition("\n")
            self.type(before, step.line)
            self.serve(served)
        else:
            self.type(step.text, step.line)

    def type(self, text: str, line: int = 0) -> None:
        """Run lines as a person types them, and keep what they print; fail with what failed."""
        self.printed = ""
        for command in text.splitlines():
            ran = subprocess.run(
                ["bash", "-o", "pipefail", "-c", self._at_its_port(command)],
                cwd=self.project.path,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=COMMAND_S,
                check=False,
            )
            self.typed.append(command)
            self.printed += ran.stdout if ran.stdout.endswith("\n") else f"{ran.stdout}\n"
            if ran.returncode:
                raise PageError(f"line {line}: exit code {ran.returncode}: {command}\n{ran.stdout}")

    def serve(self, command: str) -> None:
        """Start a server as a person does, in a terminal of its own, and wait until it is ready."""
        self.stop()
        self.typed.append(command)
        self.server = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=self.project.path,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        end = time.monotonic() + START_S
        while time.monotonic() < end and self.server.poll() is None:
            try:
                port = self.environment["FLIGHT_DELAY__SERVE__PORT"]
                with urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5):
                    return
            except URLError:
                time.sleep(0.2)
        raise PageError(f"{command}: the server was not ready")

    def stop(self) -> None:
        """Stop the server, as Ctrl-C does."""
        if self.server is not None and self.server.poll() is None:
            os.killpg(self.server.pid, signal.SIGINT)
            self.server.wait(timeout=60)
        self.server = None

    def _at_its_port(self, text: str) -> str:
        port = self.environment["FLIGHT_DELAY__SERVE__PORT"]
        return text.replace("localhost:8000", f"127.0.0.1:{port}")


@contextmanager
def session(project: BakedProject, **variables: str) -> Iterator[Session]:
    """Open a session in which the project's own source comes before any other."""
    environment = clean_environment(
        PYTHONPATH=str(project.path / "src"),
        FLIGHT_DELAY__SERVE__PORT=str(free_port()),
        NO_PROXY="127.0.0.1,localhost",
        **variables,
    )
    opened = Session(project, environment)
    try:
        yield opened
    finally:
        opened.stop()


def with_environment(project: BakedProject, of: BakedProject) -> BakedProject:
    """Let a render use the environment of another, which took minutes to make."""
    (project.path / ".venv").symlink_to(of.path / ".venv")
    for name in ("pyproject.toml", "constraints.txt"):  # else make would set it up anew
        os.utime(project.path / name, (0, 0))
    return project


@pytest.mark.slow
def test_every_command_of_the_tutorial_does_what_it_says(
    ready: BakedProject, tmp_path: Path
) -> None:
    project = with_environment(render(tmp_path / "out"), ready)
    with session(project) as opened:
        opened.follow(TUTORIAL)

    assert (project.path / "scored.parquet").is_file()
    assert list(project.path.glob("reports/*/monitoring.html"))


@pytest.fixture(scope="module")
def prepared(ready: BakedProject, tmp_path_factory: pytest.TempPathFactory) -> BakedProject:
    """Return a project that has served and watched a model, of fewer rows."""
    baked = render(tmp_path_factory.mktemp("pages") / "out", options=ALL)
    project = with_environment(baked, ready)
    prepare(project)
    return project


def prepare(project: BakedProject) -> None:
    """Do what the tutorial does, in less time."""
    with session(project, **QUICK) as opened:
        opened.type(PREPARE)
        opened.serve("make serve")
        opened.type(WATCH)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in RUN if page != TUTORIAL])
def test_every_command_of_a_page_does_what_it_says(
    prepared: BakedProject, tmp_path: Path, page: str
) -> None:
    folder = tmp_path / prepared.path.name
    shutil.copytree(prepared.path, folder, symlinks=True)
    with session(BakedProject(folder, prepared.answers), **QUICK) as opened:
        opened.type(BEFORE.get(page, ""))
        opened.follow(page)

    assert opened.typed, f"{page} tells nothing to type; take it out of RUN"


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ("```sh\nfalse\n```", r"docs/page.md: line 2: exit code 1: false"),
        ("```sh\necho one\n```\n\n```text\ntwo\n```", r"line 6: it does not print: two"),
        ("```sh\nprintf 'b\\na\\n'\n```\n```text\na\nb\n```", r"it does not print: b"),
        ("```diff\n--- Makefile\n-nowhere\n+here\n```", r"these lines are 0 times in Makefile"),
        ("```diff\n--- nowhere.py\n-a\n+b\n```", r"there is no file nowhere.py"),
    ],
    ids=["fails", "prints something else", "prints in another order", "no such line", "no file"],
)
def test_a_page_that_promises_what_is_not_so_is_told_with_its_line(
    default: BakedProject, tmp_path: Path, page: str, says: str
) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    shutil.copy(default.path / "Makefile", tmp_path)
    (folder / "page.md").write_text(page)

    with (
        session(BakedProject(tmp_path, {})) as opened,
        pytest.raises(PageError, match=re.compile(says)),
    ):
        opened.follow("docs/page.md")


def test_a_page_writes_changes_and_sees_what_it_says(tmp_path: Path) -> None:
    page = """
```python
# made/one.py
print("one")

print("two")
```

```diff
--- made/one.py
 print("one")

-print("two")
+print("three")
```

```sh
python3 made/one.py
```

```text
o…
three
```
"""
    (tmp_path / "page.md").write_text(page)
    with session(BakedProject(tmp_path, {})) as opened:
        opened.follow("page.md")

    assert opened.typed == ["python3 made/one.py"]
