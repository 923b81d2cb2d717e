"""Remove what the answers did not ask for, start the git history, and say what to do next."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

# What images are made of, for compose and for Kubernetes alike.
IMAGE = ("Dockerfile", ".dockerignore")

# Every file that exists only for some choices of one answer, under each of them. A file that no
# choice owns stays. (The licence needs no entry: each of its files has the condition in its name.)
MANIFEST: dict[str, dict[str, tuple[str, ...]]] = {
    "ci": {
        "github": (
            ".github/dependabot.yml",
            ".github/workflows/ci.yml",
            ".github/workflows/release.yml",
            ".github/workflows/train.yml",
            ".github/workflows/update.yml",
        ),
        "gitlab": (".gitlab-ci.yml", "renovate.json"),
    },
    "deployment": {
        "docker": (
            *IMAGE,
            "compose.yaml",
            "deploy/compose/prometheus.yaml",
        ),
        "kubernetes": (
            *IMAGE,
            "deploy/kubernetes/api.yaml",
            "deploy/kubernetes/jobs.yaml",
            "deploy/kubernetes/kustomization.yaml",
            "deploy/kubernetes/network.yaml",
            "deploy/kubernetes/storage.yaml",
        ),
    },
}

# The example's files that a person's own data replace; the command `adopt` overwrites each of them
# as long as it is what it was when it was rendered.
EXAMPLE = (
    "configs/contract.yaml",
    "configs/data.yaml",
    "src/{package}/data/example.py",
    "src/{package}/data/transform.py",
    "src/{package}/models/features.py",
    "tests/behaviour/test_flights.py",
    "tests/data/test_example.py",
)
RECORD = ".rendered.json"
# Behind this comment, a list in src/ holds one line for each option that joins core there.
JOINT = "# options, one line each"
COOKIECUTTER = "cookiecutter.json"
# What cookiecutter says of one run alone.
OF_THE_RUN = frozenset("_output_dir _repo_dir _checkout _template _commit".split())
ROOMS = ("configs", "deploy", "docs", "src", "tests")
CLOSING = frozenset(")]}")


def read_answers() -> dict[str, object]:
    """Return the answers as data, in their order: whatever they hold, none is run as code."""
    answers: dict[str, object] = json.loads(r"""{{ cookiecutter | tojson }}""")
    order: list[str] = json.loads(r"""{{ cookiecutter.keys() | list | tojson }}""")
    return {name: answers[name] for name in order}


def owned(answer: str) -> set[str]:
    """Return the paths that exist only for some choices of an answer."""
    return {path for paths in MANIFEST[answer].values() for path in paths}


def unwanted(answers: Mapping[str, object]) -> list[str]:
    """Return the paths in the manifest that belong only to choices other than those made."""
    return sorted(
        path
        for answer, choices in MANIFEST.items()
        for path in owned(answer) - set(choices.get(str(answers[answer]), ()))
    )


def prune(project: Path, paths: list[str]) -> None:
    """Remove files from the project, and the folders that this leaves empty."""
    for path in paths:
        file = project / path
        file.unlink(missing_ok=True)
        for folder in file.parents:
            if folder == project or not folder.is_dir() or any(folder.iterdir()):
                break
            folder.rmdir()


def remove_options(project: Path, names: Set[str]) -> None:
    """Remove the files of some options, and their lines in the lists that join options to core."""
    rendered = [
        path
        for room in ROOMS
        for path in (*sorted((project / room).rglob("*"), reverse=True), project / room)
    ]
    for path in rendered:
        if path.is_file() and owners(path.relative_to(project)) & names:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    for module in (project / "src").rglob("*.py"):
        text = module.read_text("utf-8")
        if JOINT in text:
            module.write_text(without_lines(text, names), "utf-8", newline="")


def owners(path: Path) -> set[str]:
    """Return the names that may be those of the option that a path belongs to."""
    parts = [part for place, part in enumerate(path.parts) if (path.parts[0], place) != ("src", 1)]
    return {part.partition(".")[0].removeprefix("test_") for part in parts}


def without_lines(text: str, names: Set[str]) -> str:
    """Return a module without the lines of some options, behind the fixed comment of a list."""
    kept, inside = [], False
    for line in text.splitlines(keepends=True):
        inside = (inside or line.strip() == JOINT) and line.strip()[:1] not in CLOSING
        if not (inside and names & set(re.findall(r"\w+", line))):
            kept.append(line)
    return "".join(kept)


def record_example(project: Path, package: object) -> None:
    """Write down what the example's files hold, by their SHA-256."""
    paths = [path.format(package=package) for path in EXAMPLE]
    sums = {path: hashlib.sha256((project / path).read_bytes()).hexdigest() for path in paths}
    text = json.dumps(sums, indent=2) + "\n"
    (project / RECORD).write_text(text, encoding="utf-8", newline="\n")


def git(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git in the project, whatever repository the caller's environment points at."""
    pointers = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX"}
    environment = {name: value for name, value in os.environ.items() if name not in pointers}
    return subprocess.run(
        ["git", *arguments],
        check=False,
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )


def template(answers: Mapping[str, object]) -> tuple[str, str, str]:
    """Return the template's address and commit, and what is to be said of them; empty if unknown.

    Cruft says both itself. Else a path is made absolute, and of a clone the address is asked for,
    without a password that may stand in it.
    """
    if "_commit" in answers:
        return str(answers["_template"]), str(answers["_commit"]), ""
    given, folder = str(answers["_repo_dir"]), template_folder(answers)
    tracked = ("ls-files", "--error-unmatch", COOKIECUTTER)
    if folder is None or shutil.which("git") is None or git(folder, *tracked).returncode:
        link = "uvx cruft link ADDRESS"
        note = "The template came without git. For make add and make update, name its repository:"
        return "", "", f"{note} {link}"
    is_local = given == answers["_template"]
    origin = git(folder, "config", "remote.origin.url").stdout.strip()
    address = str(folder) if is_local else without_secret(origin)
    changed = is_local and git(folder, "status", "--porcelain").stdout
    note = (
        "The template has changes that are not committed: a later update takes them for yours."
        if changed
        else ""
    )
    return address, git(folder, "rev-parse", "HEAD").stdout.strip(), note


def without_secret(address: str) -> str:
    """Return a repository's address without a password, and a web address without a name."""
    match = re.fullmatch(r"(\w+://)([^/]*)@(.*)", address)
    if match is None:
        return address
    name = "" if match[1].startswith("http") else match[2].partition(":")[0] + "@"
    return match[1] + name + match[3]


def template_folder(answers: Mapping[str, object]) -> Path | None:
    """Return the folder of the template, which may be given relative to a folder that we left."""
    for place in (os.environ.get("PWD", ""), str(answers["_output_dir"]), os.sep):
        folder = Path(place, str(answers["_repo_dir"])).resolve()
        try:
            prompts = json.loads((folder / COOKIECUTTER).read_text("utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(prompts, dict) and prompts.get("_version") == answers["_version"]:
            return folder
    return None


def record_template(project: Path, answers: Mapping[str, object]) -> str:
    """Write where the project comes from, as cruft does; return what a person should know."""
    address, commit, note = template(answers)
    if commit or "RENDER_ONLY" in os.environ:
        kept = {name: text for name, text in answers.items() if name not in OF_THE_RUN}
        if "_commit" not in answers:
            kept["options"] = answers["__options"]
        kept |= {"_template": address, "_commit": commit}
        content = {
            "template": address,
            "commit": commit,
            "checkout": answers.get("_checkout"),
            "context": {"cookiecutter": kept},
            "directory": None,
        }
        text = json.dumps(content, ensure_ascii=False, indent=2, separators=(",", ": ")) + "\n"
        (project / ".cruft.json").write_text(text, encoding="utf-8", newline="\n")
    return note


def is_tracked_by_a_repository(project: Path) -> bool:
    """Say whether the project lies in a repository that does not ignore it."""
    inside = git(project, "rev-parse", "--is-inside-work-tree").returncode == 0
    ignored = git(project, "check-ignore", "--quiet", ".").returncode == 0
    return inside and not ignored


def start_history(project: Path) -> str:
    """Make the repository and its first commit where that is possible; return what was done.

    Every trained model records the commit that it came from, so there should be one before the
    first training. Where there is no identity, or a policy refuses, the files stay staged.
    """
    if shutil.which("git") is None:
        return "git was not found: no repository was made."
    if is_tracked_by_a_repository(project):
        return "The project belongs to the git repository that it lies in."
    # `git init --initial-branch` would need git 2.28; this works with older ones, too.
    started = git(project, "-c", "init.defaultBranch=main", "init", "--quiet")
    staged = git(project, "add", "--all")
    if started.returncode or staged.returncode:
        return f"git made no repository: {(started.stderr or staged.stderr).strip()}"
    # A signature could ask for a passphrase on a screen that nobody sees.
    first = ("commit", "--quiet", "--no-verify", "--no-gpg-sign", "--message", "Start the project")
    if git(project, "-c", "user.useConfigOnly=true", *first).returncode:
        return "A git repository was made; every file is staged for your first commit."
    return "A git repository was made, with the rendered files as its first commit."


def next_commands(project: Path, caller: str | None) -> list[str]:
    """Return the two commands to type next, with the shortest path that is right for the caller."""
    near = caller is not None and project.parent == Path(caller).resolve()
    return [f"cd {shlex.quote(project.name if near else str(project))}", "make demo"]


def main() -> int:
    """Finish the project that was rendered into the working directory."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a console may not know every letter of a path
        sys.stdout.reconfigure(errors="backslashreplace")
    project = Path.cwd()
    answers = read_answers()
    prune(project, unwanted(answers))
    options: Any = answers["_options"]
    remove_options(project, options.keys() - set(str(answers["__options"]).split(", ")))
    record_example(project, answers["__package"])
    note = record_template(project, answers)
    if "RENDER_ONLY" in os.environ:  # scripts/options.py compares two renders
        return 0
    lines = [f"\nMade {project}", start_history(project), *filter(None, [note]), "\nNext:"]
    print(*lines, sep="\n", flush=True)
    for command in next_commands(project, os.environ.get("PWD")):
        print(f"  {command}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
