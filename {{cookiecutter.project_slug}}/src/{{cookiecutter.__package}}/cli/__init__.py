"""The program: arguments → settings → one job; errors → exit codes.

Jobs are imported inside their command: ``serve`` never loads what only training needs, and a wrong
setting ends a command before anything heavy is loaded.
"""

import sys
from importlib import import_module
from typing import NoReturn

import typer

from ..errors import MissingExtraError, ProjectError
from ..terminal import printable

COMMANDS = (
    "adopt.command",
    "cli.commands",
    # options, one line each
    "log.log_retention.command",
    "monitoring.explain.command",
    "serving.challenger.command",
    "training.report.command",
    "training.tuning.command",
)
"""Modules of this package; each adds its commands to the program by ``add_to``."""
EXTRAS = {"monitor": "monitor", "replay": "monitor", "score": "batch"}
"""What a command needs where it is less than ``all``."""
PACKAGE = __name__.partition(".")[0]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="From raw tables to a model that is trained, checked by a gate, served and monitored.",
)
for module in COMMANDS:
    import_module(f"{PACKAGE}.{module}").add_to(app)


def main() -> None:
    """Run a command; a ``ProjectError`` or an absent library is printed and becomes an exit code."""
    try:
        app()
    except ProjectError as error:
        fail(error)
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library in {"", PACKAGE}:  # a fault of our own
            raise
        fail(MissingExtraError(library, EXTRAS.get(sys.argv[1], "all")))


def fail(error: ProjectError) -> NoReturn:
    """Print an error and exit with its code."""
    print(f"error: {printable(str(error))}", file=sys.stderr)
    sys.exit(error.exit_code)
