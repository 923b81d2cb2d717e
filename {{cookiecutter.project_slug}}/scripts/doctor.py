"""Says what is wrong with the project and its surroundings, and the command that repairs each thing.

Run: python scripts/doctor.py [--json] [--set SECTION.KEY=VALUE]

Needs Python 3.7 alone, since nothing may have been set up. What it finds itself is whether ``.venv``
can be used; then that environment's own interpreter tells of libraries, and the command ``doctor``
of all the rest. Ends with 1 where something does not work.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ANEW = "rm -rf .venv && make setup"
VERSION = "import sys; print(*sys.version_info[:2])"


def main(arguments: list[str]) -> int:
    """Look at the environment from outside, then from inside, then at everything else."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    package = re.findall(r'^root_package = "(.+)"', text, re.MULTILINE)[0]
    least = re.findall(r'^requires-python = ">=(\d+)\.(\d+)"', text, re.MULTILINE)[0]
    python = interpreter(ROOT / ".venv")
    fault = fault_of(python, (int(least[0]), int(least[1])))
    if fault is not None:
        print(said(*fault, as_json="--json" in arguments))
        return 1
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    for module in ([f"{package}.doctor"], [package, "doctor"]):
        command = [str(python), "-m", *module, *arguments]
        code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        if code:
            return code
    return 0


def interpreter(venv: Path) -> Path:
    """Where an environment has its Python."""
    return venv / "Scripts" / "python.exe" if os.name == "nt" else venv / "bin" / "python"


def fault_of(
    python: Path, least: tuple[int, int], own: tuple[int, ...] | None = None
) -> tuple[str, str] | None:
    """What keeps the environment from being asked, with the command that repairs it; or None."""
    wanted = ".".join(map(str, least))
    own = own or sys.version_info[:2]
    choice = "" if own >= least else f" PYTHON=python{wanted}"
    if not python.exists():
        return f"there is no environment: {python} does not exist", f"make setup{choice}"
    try:
        done = subprocess.run([str(python), "-c", VERSION], capture_output=True, check=True)
        found = tuple(int(part) for part in done.stdout.split())
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        return f"the environment's Python does not run: {error}", f"{ANEW}{choice}"
    if found < least:
        version = ".".join(map(str, found))
        return f".venv has Python {version}, and {wanted} is the oldest", f"{ANEW}{choice}"
    return None


def said(what: str, fix: str, as_json: bool) -> str:
    """One finding in the form that the command ``doctor`` gives its own."""
    if as_json:
        finding = {"level": "fault", "check": "environment", "what": what, "fix": fix}
        return json.dumps({"ok": False, "findings": [finding]}, indent=2)
    lines = f"FAULT     environment    {what}\n{'':<24} → {fix}"
    return f"{lines}\nfaults: 1; nothing else was looked at"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
