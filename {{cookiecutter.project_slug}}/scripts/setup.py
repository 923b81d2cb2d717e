"""Makes ``.venv`` with everything the project uses, or chooses the newest versions anew.

Run: python scripts/setup.py [--lock]

Needs Python alone. ``uv`` does the work: the one on PATH, else one installed into ``.venv``. Torch
comes as the CPU build unless ``UV_TORCH_BACKEND`` says otherwise (``auto``, ``cu130``, …) or your
own wheel folder (``UV_FIND_LINKS``, ``PIP_FIND_LINKS``) is to be searched.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
CONSTRAINTS, PYPROJECT = ROOT / "constraints.txt", ROOT / "pyproject.toml"
UV_PINS = re.compile(r"^constraint-dependencies = \[\n.*?^\]", re.MULTILINE | re.DOTALL)
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
GPU_ONLY = re.compile(r"^(nvidia|cuda|triton(?!client))[a-z0-9-]*==")


def main() -> int:
    """Set up or lock; a failed command ends this with its exit code."""
    environment = environment_for_uv()
    try:
        uv = find_uv()
        if "--lock" in sys.argv[1:]:
            lock(uv, environment)
        else:
            install(uv, environment)
    except subprocess.CalledProcessError as error:
        print(f"error: {' '.join(map(str, error.cmd))} failed; see above", file=sys.stderr)
        return error.returncode
    return 0


def find_uv() -> str:
    """The uv on PATH, else one from the package index in ``.venv``."""
    found = shutil.which("uv")
    if found is not None:
        if not VENV.exists():
            run([found, "venv", "--quiet", "--python", sys.executable, str(VENV)])
        return found
    if not (SCRIPTS / "uv").exists() and not (SCRIPTS / "uv.exe").exists():
        run([sys.executable, "-m", "venv", str(VENV)])  # one that uv has made is without pip
        run([str(SCRIPTS / "python"), "-m", "pip", "install", "-qq", "uv"])
    return str(SCRIPTS / "uv")


def install(uv: str, environment: dict[str, str]) -> None:
    """Install the project, editable, with every extra and the developers' tools."""
    backend = environment.get("UV_TORCH_BACKEND", "your wheel folder")
    print(f"Installing into .venv: about 700 MB to download, 2.5 GB on disk (torch: {backend})")
    target = ["--python", str(SCRIPTS / "python"), "--constraint", str(CONSTRAINTS)]
    run(
        [uv, "pip", "install", "--quiet", *target, "--group", "dev", "--editable", ".[all]"],
        environment,
    )
    print(f"Ready: {VENV}")


def lock(uv: str, environment: dict[str, str]) -> None:
    """Pin the newest versions that fit, for every platform, without URLs or GPU packages."""
    for name in ("UV_FIND_LINKS", "UV_TORCH_BACKEND"):  # a build for one platform is no pin for all
        environment.pop(name, None)
    groups = ["--all-extras", "--group", "dev", "--group", "care", "--group", "docs"]
    compile_ = [uv, "pip", "compile", "--no-config", PYPROJECT.name, *groups]
    shape = ["--universal", "--no-annotate", "--no-header", "--no-emit-index-url", "--quiet"]
    done = subprocess.run(
        [*compile_, *shape],
        cwd=ROOT,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    kept = [
        line.replace("+cpu", "") for line in done.stdout.splitlines() if not GPU_ONLY.match(line)
    ]
    note = "# Every version that the project is tested with, written by make lock."
    CONSTRAINTS.write_text("\n".join([note, *kept]) + "\n")
    pins = "".join('  "{}",\n'.format(line.replace('"', "'")) for line in kept)
    array = f"constraint-dependencies = [\n{pins}]"
    PYPROJECT.write_text(UV_PINS.sub(lambda _: array, PYPROJECT.read_text()))
    print(f"Wrote {len(kept)} pins into both files; install them with: make setup")


def environment_for_uv() -> dict[str, str]:
    """Choose where torch comes from: a given wheel folder, else the CPU build."""
    environment = dict(os.environ)
    environment.pop("VIRTUAL_ENV", None)
    folder = environment.get("UV_FIND_LINKS") or environment.get("PIP_FIND_LINKS") or pip_folder()
    if folder:
        environment["UV_FIND_LINKS"] = ",".join(folder.split())
    else:
        environment.setdefault("UV_TORCH_BACKEND", "cpu")
    return environment


def pip_folder() -> str:
    """Wheel folders that pip is configured with."""
    asked = [sys.executable, "-m", "pip", "config", "get", "global.find-links"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def run(command: list[str], environment: dict[str, str] | None = None) -> None:
    """Run a command in the project's root; its output is shown."""
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


if __name__ == "__main__":
    sys.exit(main())
