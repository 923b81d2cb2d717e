"""The program: arguments → settings → one job; errors → exit codes.

Jobs are imported inside their command: ``serve`` never loads what only training needs, and a wrong
setting ends a command before anything heavy is loaded.
"""

import sys
from importlib import import_module

import typer

from ..errors import ProjectError
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

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="From raw tables to a model that is trained, checked by a gate, served and monitored.",
)
for module in COMMANDS:
    import_module(f"{__package__.rpartition('.')[0]}.{module}").add_to(app)


def main() -> None:
    """Run a command; a ``ProjectError`` is printed and becomes its exit code."""
    try:
        app()
    except ProjectError as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
        sys.exit(error.exit_code)
