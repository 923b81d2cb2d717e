import csv
import io
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from {{ cookiecutter.__package }}.adopt.look import open_table
from {{ cookiecutter.__package }}.adopt.propose import Proposal, propose
from {{ cookiecutter.__package }}.adopt.write import show, write
from {{ cookiecutter.__package }}.config import load
from {{ cookiecutter.__package }}.contract import Contract, load_contract
from {{ cookiecutter.__package }}.data import job as data_job
from {{ cookiecutter.__package }}.data import transform
from {{ cookiecutter.__package }}.data.dataset import Dataset
from {{ cookiecutter.__package }}.data.rows import files, layout_of, read_rows
from {{ cookiecutter.__package }}.values import canonical_category

Cells = list[str]
N = 400


class Project:
    """A project's folder that a table is adopted into."""

    def __init__(self, root: Path) -> None:
        self.root, self.configs = root, root / "configs"

    def adopt(self, path: str, target: str = "y", **options: Any) -> Proposal:
        dry_run, force = options.pop("dry_run", False), options.pop("force", False)
        proposal = propose(open_table(path, target), target, **options)
        show(proposal)
        if not dry_run:
            write(proposal, self.configs, force=force)
        return proposal

    def infer(self, columns: Mapping[str, Cells], target: str = "y", **options: Any) -> Proposal:
        """What a table of these columns is taken for; nothing is written of it."""
        (self.root / "table.csv").write_text(text_of(columns, delimiter="\t"))
        return self.adopt("table.csv", target, dry_run=True, **options)

    def data(self) -> Dataset:
        contract = load_contract(self.configs / "contract.yaml")
        return data_job.run(contract, load(self.configs).data)

    def files(self) -> dict[str, bytes]:
        found = (path for path in self.root.rglob("*") if path.is_file())
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in found}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    root = tmp_path / "project"
    (root / "configs").mkdir(parents=True)
    monkeypatch.chdir(root)
    monkeypatch.setattr(transform, "transform", lambda sources: next(iter(sources.values())))
    return Project(root)


@pytest.fixture
def infer(project: Project) -> Callable[..., Proposal]:
    """Infers from a target of yes and no, a number, and the columns given."""
    return lambda **columns: project.infer(ours(columns))


def ours(columns: Mapping[str, Cells]) -> dict[str, Cells]:
    n = len(next(iter(columns.values()), [""] * N))
    draw = random.Random(0)  # noqa: S311 - no secret
    y = [draw.choice(["yes", "no"]) for _ in range(n)]
    return {"y": y, "x": [f"{draw.random():.2f}" for _ in range(n)]} | dict(columns)


def text_of(columns: Mapping[str, Cells], **form: Any) -> str:
    text = io.StringIO()
    writer = csv.writer(text, **{"lineterminator": "\n"} | form)
    writer.writerows([columns.keys(), *zip(*columns.values(), strict=True)])
    return text.getvalue()


def some(*values: str, n: int = N) -> Cells:
    draw = random.Random(1)  # noqa: S311 - no secret
    return [draw.choice(values) for _ in range(n)]


def source(contract: Contract) -> Any:
    (found,) = contract.sources.values()
    return found


def doubted(proposal: Proposal, *words: str) -> bool:
    """Whether a doubt has all the words."""
    return any(all(word in doubt for word in words) for doubt in proposal.doubts)


def rows_of(contract: Contract) -> pl.DataFrame:
    """The rows as the data job reads them."""
    ((name, found),) = contract.sources.items()
    plan = layout_of(contract, found, contract.source_columns(name))
    paths = files(name, found, plan.forms, Path("data"))
    return pl.concat([chunk.rows for path in paths for chunk in read_rows(path, plan)])


def misread(
    proposal: Proposal, rows: pl.DataFrame, name: str, texts: Cells, meant: Sequence[Any]
) -> str | None:
    """What was silently read as something else: the property of every kind of trouble.

    ``None`` where every value is read as meant, or a doubt about the column names a wrong one.
    """
    column = proposal.contract.columns[name]
    out = proposal.contract.role(name) in {"excluded", "metadata"}
    wrong = [
        text
        for text, value, want in zip(texts, rows[name].to_list(), meant, strict=True)
        if out or not _same(value, want)
    ]
    doubts = [doubt for doubt in proposal.doubts if f"`{name}`" in doubt]
    shown = {repr(text)[:28] for text in wrong} | {text[:28] for text in wrong}
    if not wrong or any(text and text in doubt for doubt in doubts for text in shown):
        return None
    return f"{name}: {wrong[0]!r} of {texts[:3]} is read as {column.type}, {doubts}"


def _same(value: Any, meant: Any) -> bool:
    if isinstance(meant, str):
        return value is not None and canonical_category(value) == canonical_category(meant)
    if isinstance(meant, datetime) and isinstance(value, datetime):
        return value.replace(tzinfo=None) == meant.replace(tzinfo=None)
    if isinstance(meant, float | int) and isinstance(value, float | int):
        return abs(value - meant) <= 1e-6 * max(1, abs(meant))
    return bool(value == meant)
