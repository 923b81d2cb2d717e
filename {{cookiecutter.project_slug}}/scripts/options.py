"""Adds options, removes them, and updates the project: two renders of the template, merged by git.

Run: python scripts/options.py add NAME … | remove NAME … | update [REF]   [--diff]

Needs git, and cookiecutter or uv, which fetches it. What the template changes between both renders is
merged into the working tree and staged; moved files are followed, and what both sides changed is left as a
conflict and named (exit code 1). ``git reset --hard`` takes it back. ``--diff`` only shows the change.
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

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / ".cruft.json"  # in the form of cruft, whose commands read it, too
NOTES = re.compile(r"^## (\S+)$.*?^### What a project's owner has to do$(.*?)(?=^##|\Z)", re.M | re.S)
USAGE = "usage: make add OPTION=…, make remove OPTION=… or make update; with ARGS=--diff it only shows"
NOBODY = ("git", "-c", "user.name=template", "-c", "user.email=template@localhost")


def run(*command: str, cwd: Path = ROOT, check: bool = True, **variables: str) -> str:
    """Run a command and return what it printed; where it fails, its message ends the program."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(command, cwd=cwd, env=kept | variables, text=True, capture_output=True)
    if check and done.returncode:
        sys.exit(f"error: {' '.join(command[:3])}: {(done.stderr or done.stdout).strip()}")
    return done.stdout.rstrip("\n")


def paths(*command: str, cwd: Path = ROOT) -> list[str]:
    """Return the paths that a git command lists, with whatever letters they have."""
    return [path for path in run("git", *command, "-z", cwd=cwd).split("\0") if path]


def fetch(address: str, commit: str, folder: Path) -> str:
    """Check out a commit, tag or branch of the template; return the commit."""
    run("git", "init", "--quiet", str(folder))
    run("git", "fetch", "--quiet", "--depth=1", address, commit, cwd=folder)
    run("git", "checkout", "--quiet", "FETCH_HEAD", cwd=folder)
    return run("git", "rev-parse", "HEAD", cwd=folder)


def render(template: Path, answers: dict[str, str], out: Path) -> Path:
    """Render a template with some answers; return the project."""
    pinned = ("--quiet", "--constraints", str(ROOT / "constraints.txt"), "cookiecutter")
    uv = shutil.which("uv") or shutil.which("uv", path=str(ROOT / ".venv" / "bin"))
    here = (sys.executable, "-c", "import cookiecutter")
    if subprocess.run(here, capture_output=True).returncode == 0:
        tool: tuple[str, ...] = (sys.executable, "-m", "cookiecutter")
    elif uv:
        tool = (uv, "tool", "run", *pinned)
    else:
        sys.exit("error: neither cookiecutter nor uv is here; install one: python -m pip install uv")
    given = [f"{name}={text}" for name, text in answers.items() if not name.startswith("_")]
    shape = ("--no-input", "--default-config", "--output-dir", str(out))
    run(*tool, str(template), *shape, *given, cwd=template.parent, RENDER_ONLY="1")
    return next(out.iterdir())


def commit(project: Path, skipped: list[str], *parent: str) -> str:
    """Return a commit, on no branch, that holds a render where the project lies in its repository."""
    tree = project.parent.parent / "tree"
    place = tree / run("git", "rev-parse", "--show-prefix")
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(project, place)
    for path in [RECORD.name, *skipped]:
        (place / path).unlink(missing_ok=True)
    folder = run("git", "rev-parse", "--absolute-git-dir")
    git, index = (*NOBODY, "--git-dir", folder, "--work-tree", str(tree)), str(tree.parent / "index")
    run(*git, "add", "--all", "--force", ".", cwd=tree, GIT_INDEX_FILE=index)
    written = run(*git, "write-tree", cwd=tree, GIT_INDEX_FILE=index)
    return run(*git, "commit-tree", written, *parent, "-m", "template", cwd=tree)


def merge(change: str, where: Path) -> list[str]:
    """Apply what a commit changes to a working tree; return the paths in conflict."""
    pick = ("-c", "merge.conflictStyle=diff3", "cherry-pick", "--no-commit", "--allow-empty", change)
    done = subprocess.run([*NOBODY, *pick], cwd=where, capture_output=True, text=True)
    for entry in paths("status", "--porcelain", "--no-renames", cwd=where):
        if entry.startswith("DU "):  # deleted by us, changed by the template
            run("git", "rm", "--quiet", "--", f":/{entry[3:]}", cwd=where)
            print(f"left out  {entry[3:]}: you deleted it, and the template has changed it")
    conflicts = sorted(set(paths("diff", "--name-only", "--diff-filter=U", cwd=where)))
    if done.returncode and not conflicts and "CONFLICT" not in done.stdout + done.stderr:
        sys.exit(f"error: nothing was changed: {done.stderr.strip()}")
    return conflicts


def chosen(verb: str, names: list[str], now: set[str], needs: dict[str, list[str]]) -> set[str]:
    """Return the options that a project has after some were added or removed."""
    if not names:
        sys.exit(f"error: name an option; {USAGE}")
    for name in [*names] if verb == "add" else [name for name in names if name not in now]:
        if name not in needs:
            near = difflib.get_close_matches(name, needs, 1) or ["any of these"]
            valid = ", ".join(sorted(needs))
            sys.exit(f"error: there is no option '{name}'; did you mean {near[0]}? valid: {valid}")
    if verb == "add":
        return now.union(names, *(needs[name] for name in names))
    for name in sorted(now - set(names)):
        if held := sorted(set(needs.get(name, ())) & set(names)):
            both = " ".join([name, *held])
            sys.exit(f"error: {name} needs {', '.join(held)}; remove both: make remove OPTION='{both}'")
    return now - set(names)


def announce(before: Path, after: Path, first: str, second: str) -> None:
    """Say what an update brings: the notes for owners of the versions between, and the files."""
    known, new = ((folder / "CHANGELOG.md").read_text("utf-8") for folder in (before, after))
    for version, notes in NOTES.findall(new):
        if version not in dict(NOTES.findall(known)):
            print(f"Version {version}, what you have to do:\n\n{notes.strip()}\n")
    print(run("git", "diff", "--name-status", "--find-renames", first, second) or "Nothing is new.")


def main(verb: str = "", *given: str) -> int:
    """Change the project or, with ``--diff``, show what would change; 1 where a conflict is left."""
    names, show = [n for text in given for n in re.split(r"[,\s]+", text) if n], "--diff" in given
    names = [name for name in names if name != "--diff"]
    if verb not in {"add", "remove", "update"}:
        sys.exit(USAGE)
    if not RECORD.exists():
        link = "uvx cruft link ADDRESS-OF-THE-TEMPLATE"
        sys.exit(f"error: no {RECORD.name} says which template this is from; write it with: {link}")
    if (dirty := run("git", "status", "--porcelain", "--", ".")) and not show:
        ways = "git add --all && git commit -m 'Before the change'\n  git stash --include-untracked"
        sys.exit(f"error: these are not committed:\n{dirty}\ncommit them, or put them aside:\n  {ways}")
    record = json.loads(RECORD.read_text("utf-8"))
    answers, address = record["context"]["cookiecutter"], record["template"]
    newest = (names[0] if names else record["checkout"] or "HEAD") if verb == "update" else record["commit"]
    with tempfile.TemporaryDirectory() as scratch:
        before, after = Path(scratch, "before"), Path(scratch, "after")
        fetch(address, record["commit"], before / "template")
        new = fetch(address, newest, after / "template")
        wanted, skipped = dict(answers), list[str]()
        old = render(before / "template", answers, before / "out")
        if verb == "update":
            patterns = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["cruft"]["skip"]
            files = [path for pattern in patterns for path in old.glob(pattern) if path.is_file()]
            skipped = [path.relative_to(old).as_posix() for path in files]
        else:
            needs = json.loads((before / "template" / "cookiecutter.json").read_text("utf-8"))["_options"]
            now = set(answers["options"].replace(",", " ").split())
            wanted["options"] = ", ".join(sorted(chosen(verb, names, now, needs)))
        made = render(after / "template", wanted, after / "out")
        made_record = json.loads((made / RECORD.name).read_text("utf-8"))
        first = commit(old, skipped)
        second = commit(made, skipped, "-p", first)
        if show:
            tree = Path(scratch, "shown")
            run("git", "worktree", "add", "--quiet", "--detach", str(tree), "HEAD")
            conflicts = merge(second, tree)
            print(run("git", "diff", "HEAD", cwd=tree))
            run("git", "worktree", "remove", "--force", str(tree))
            return int(bool(conflicts))
        if verb == "update":
            announce(before / "template", after / "template", first, second)
        conflicts = merge(second, ROOT)
    made_record |= {"template": address, "commit": new, "checkout": record["checkout"]}
    made_record["context"]["cookiecutter"] |= {"_template": address, "_commit": new}
    RECORD.write_text(json.dumps(made_record, indent=2, ensure_ascii=False) + "\n", "utf-8")
    run("git", "add", "--", RECORD.name)
    print(run("git", "status", "--short"), *(f"conflict  {path}" for path in conflicts), sep="\n")
    return int(bool(conflicts))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
