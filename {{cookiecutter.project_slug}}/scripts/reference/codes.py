"""Metrics, exit codes, statuses and codes of answers."""

from collections.abc import Iterable, Iterator

from {{ cookiecutter.__package }} import errors
from {{ cookiecutter.__package }}.monitoring.summary import GAUGES
from {{ cookiecutter.__package }}.serving import problems
from {{ cookiecutter.__package }}.serving.metrics import Metrics

from .page import Entry, Page, Table


def metrics() -> Page:
    """What `/metrics` shows."""
    counted = [
        (collector, collector.describe()[0])
        for collector in vars(Metrics()).values()
        if hasattr(collector, "describe") and hasattr(collector, "_labelnames")
    ]
    server = tuple(
        Entry(
            name=family.name + ("_total" if family.type == "counter" else ""),
            meaning=family.documentation,
            more=(family.type, _labels(collector._labelnames)),
        )
        for collector, family in counted
    )
    found = tuple(
        Entry(name=f"monitoring_{name}", meaning=said, more=("gauge", _labels(labels)))
        for name, (said, labels) in GAUGES.items()
    )
    header = ("metric", "type", "labels", "meaning")
    both = (
        Table(
            title="The server", intro="Over all workers together.", header=header, entries=server
        ),
        Table(
            title="What monitoring found last",
            intro="Written by `make monitor`, and shown by the server after its own.",
            header=header,
            entries=found,
        ),
    )
    return Page(
        title="Metrics",
        intro="`/metrics` in Prometheus' text format.",
        tables=both,
    )


def _labels(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def error_codes() -> Page:
    """Exit codes of commands, statuses and codes of answers."""
    kinds: list[type[errors.ProjectError]] = [errors.ProjectError]
    kinds += _kinds_below(errors.ProjectError)
    exits = tuple(
        Entry(
            name=str(kind.exit_code),
            meaning=" ".join((kind.__doc__ or "").split()),
            more=(f"`{kind.__name__}`",),
        )
        for kind in sorted(kinds, key=lambda kind: kind.exit_code)
    )
    statuses = tuple(
        Entry(
            name=str(status),
            meaning=" ".join(m for s, m in problems.CODES.values() if s == status),
        )
        for status in problems.DOCUMENTED
    )
    codes = tuple(
        Entry(name=code, meaning=said, more=(str(status),))
        for code, (status, said) in problems.CODES.items()
    )
    return Page(
        title="Errors",
        intro="A command says what was given, what is valid and what to do; the server says it as"
        " JSON with `code`, `message`, `faults` and `request_id`.",
        tables=(
            Table(
                title="Exit codes",
                intro="Of the command itself; make turns each into 2. 0 is success.",
                header=("exit code", "error", "meaning"),
                entries=exits,
            ),
            Table(
                title="Statuses of a prediction",
                intro="Besides 200.",
                header=("status", "meaning"),
                entries=statuses,
            ),
            Table(
                title="Codes of answers",
                intro="Stable words in `code`, for programs.",
                header=("code", "status", "meaning"),
                entries=codes,
            ),
        ),
    )


def _kinds_below(kind: type[errors.ProjectError]) -> Iterator[type[errors.ProjectError]]:
    for each in kind.__subclasses__():
        yield each
        yield from _kinds_below(each)
