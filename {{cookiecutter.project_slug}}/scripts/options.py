"""Adds options, removes them, and updates the project: two renders of the template, merged by git.

Run: python scripts/options.py add NAME … | remove NAME … | update [REF]   [--diff]
It needs git, and cookiecutter or uv. What differs between the renders is merged and staged; moved
files are followed; a conflict is left in its file and named (exit code 1).
"""

import difflib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / ".cruft.json"  # in the form of cruft, whose commands read it, too
POINTERS = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY"}
USAGE = "usage: make add OPTION=…, make remove OPTION=…, make update; ARGS=--diff only shows"
UNLINKED = "error: no .cruft.json names the template; write it: uvx cruft link ADDRESS, and commit"
UNCLEAN = """error: not committed:\n{}\ncommit it, or put it aside:
  git add --all && git commit --message "Before the change"\n  git stash --include-untracked"""
NOTES = re.compile(r"(?ms)^## (\S+)$.*?^### What a project's owner has to do$(.*?)(?=^##|\Z)")
SET = "core.quotePath=false merge.conflictStyle=diff3 user.name=template user.email=template@local"
GIT = ["git", *(word for setting in SET.split() for word in ("-c", setting))]


def run(*command: str, cwd: Path = ROOT, **variables: str) -> str:
    """Run a command and return what it printed; where it fails, its message ends the program."""
    if not shutil.which(command[0]):
        sys.exit(f"error: {command[0]} was not found on PATH; install it first")
    env = {key: text for key, text in os.environ.items() if key not in POINTERS} | variables
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)
    if done.returncode and "CONFLICT" not in done.stdout + done.stderr:
        sys.exit(f"error: {command[0]}: {(done.stderr or done.stdout).strip()}")
    return done.stdout.rstrip("\n")


def fetch(address: str, commit: str, folder: Path) -> str:
    """Check out a commit, tag or branch of the template; return the commit."""
    run(*GIT, "init", "--quiet", str(folder))
    run(*GIT, "fetch", "--quiet", "--depth=1", address, commit, cwd=folder)
    run(*GIT, "checkout", "--quiet", "FETCH_HEAD", cwd=folder)
    return run(*GIT, "rev-parse", "HEAD", cwd=folder)


def render(template: Path, answers: dict[str, str], out: Path) -> Path:
    """Render a template into a folder; return the project."""
    fetched = ("uvx", "--quiet", "--constraints", str(ROOT / "constraints.txt"), "cookiecutter")
    tool = ("cookiecutter",) if shutil.which("cookiecutter") else fetched
    given = [f"{name}={text}" for name, text in answers.items() if not name.startswith("_")]
    shape = ("--no-input", "--default-config", "--output-dir", str(out), str(template))
    run(*tool, *shape, *given, cwd=template.parent, RENDER_ONLY="1")  # the hook makes no history
    return next(out.iterdir())


def commit(project: Path, skipped: set[str], *parent: str) -> str:
    """Return a commit, on no branch, that holds a render where the project is in its repository."""
    tree = project.parent / "tree"
    place = tree / run(*GIT, "rev-parse", "--show-prefix")
    os.renames(project, place)
    for path in {RECORD.name, *skipped}:
        (place / path).unlink(missing_ok=True)
    shape = {"GIT_DIR": run(*GIT, "rev-parse", "--absolute-git-dir"), "GIT_WORK_TREE": str(tree)}
    shape["GIT_INDEX_FILE"] = str(tree.parent / "index")
    run(*GIT, "add", "--all", "--force", ".", cwd=tree, **shape)
    written = run(*GIT, "write-tree", cwd=tree, **shape)
    return run(*GIT, "commit-tree", written, *parent, "-m", "template", cwd=tree, **shape)


def chosen(verb: str, names: list[str], now: set[str], needs: dict[str, list[str]]) -> set[str]:
    """Return the options that a project has after some were added or removed."""
    for name in [name for name in names or [""] if name not in needs]:
        near = "".join(f" Did you mean {n}?" for n in difflib.get_close_matches(name, needs, 1))
        sys.exit(f"error: '{name}' is no option.{near} There are: {', '.join(needs)}\n{USAGE}")
    if verb == "add":
        return now.union(names, *(needs[name] for name in names))
    for name in sorted(now.difference(names)):
        if held := [need for need in needs.get(name, []) if need in names]:
            sys.exit(f"error: {name} needs {', '.join(held)}; remove it, too: OPTION='{name} …'")
    return now.difference(names)


def two_renders(verb: str, names: list[str], record: Any, scratch: Path) -> list[str]:
    """Return commits of what the template gives by the record and by the request, now recorded."""
    address, answers = record["template"], record["context"]["cookiecutter"]
    old = new = scratch / "old"
    now = fetch(address, record["commit"], old)
    before, skipped, wanted = render(old, answers, scratch / "before"), set[str](), dict(answers)
    if verb == "update":
        new, newest = scratch / "new", names[0] if names else record["checkout"] or "HEAD"
        now = fetch(address, newest, new)
        mine = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["cruft"]["skip"]
        files = {path for each in mine for path in before.glob(each) if path.is_file()}
        skipped = {str(path.relative_to(before)) for path in files}
        known, notes = (NOTES.findall((t / "CHANGELOG.md").read_text("utf-8")) for t in (old, new))
        for version, text in [entry for entry in notes if entry[0] not in dict(known)]:
            print(f"Version {version}, what you have to do:\n\n{text.strip()}\n")
    else:
        needs = json.loads((old / "cookiecutter.json").read_text("utf-8"))["_options"]
        options = chosen(verb, names, set(answers["options"].replace(",", " ").split()), needs)
        wanted["options"] = ", ".join(sorted(options))
    after = render(new, wanted, scratch / "after")
    record |= {"commit": now, "context": json.loads((after / RECORD.name).read_text())["context"]}
    record["context"]["cookiecutter"] |= {"_template": address, "_commit": now}
    return [(first := commit(before, skipped)), commit(after, skipped, "-p", first)]


def merge(change: str, where: Path) -> list[str]:
    """Apply what a commit changes to a working tree; return the paths in conflict."""
    run(*GIT, "cherry-pick", "--no-commit", change, cwd=where)
    for entry in run(*GIT, "status", "--porcelain", "-z", cwd=where).split("\0"):
        if entry.startswith("DU "):
            run(*GIT, "rm", "--quiet", "--", f":/{entry[3:]}", cwd=where)
            print(f"left out  {entry[3:]}: you deleted it, and the template has changed it")
    return sorted({*run(*GIT, "diff", "--name-only", "--diff-filter=U", cwd=where).splitlines()})


def main(verb: str = "", *given: str) -> int:
    """Change the project or, with ``--diff``, show the change; 1 where a conflict is left."""
    names = [word for word in re.findall(r"[^,\s]+", " ".join(given)) if word != "--diff"]
    show = "--diff" in given
    if verb not in {"add", "remove", "update"} or not RECORD.exists():
        sys.exit(UNLINKED if verb in {"add", "remove", "update"} else USAGE)
    if (dirty := run(*GIT, "status", "--porcelain", "--", ".")) and not show:
        sys.exit(UNCLEAN.format(dirty))
    with tempfile.TemporaryDirectory() as name:
        record, shown = json.loads(RECORD.read_text("utf-8")), Path(name, "shown")
        commits = two_renders(verb, names, record, Path(name))
        print(run(*GIT, "diff", "--name-status", "-M", *commits) or "nothing changes", flush=True)
        if show:
            run(*GIT, "worktree", "add", "--quiet", "--detach", str(shown), "HEAD")
        conflicts = merge(commits[1], shown if show else ROOT)
        if show:
            print(run(*GIT, "diff", "HEAD", cwd=shown))
            run(*GIT, "worktree", "remove", "--force", str(shown))
        else:
            RECORD.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")
            run(*GIT, "add", "--", RECORD.name)
            print("staged; git reset --hard takes it back. Next: make setup check test")
    print("\n".join(f"conflict  {path}" for path in conflicts))
    return int(bool(conflicts))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
