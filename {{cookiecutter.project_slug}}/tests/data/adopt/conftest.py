import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.config import load
from {{ cookiecutter.__package }}.contract import (
    Column,
    Contract,
    load_contract,
)
from {{ cookiecutter.__package }}.data import job as data_job
from {{ cookiecutter.__package }}.data import transform
from {{ cookiecutter.__package }}.data.adopt import job
from {{ cookiecutter.__package }}.data.adopt.draft import Draft
from {{ cookiecutter.__package }}.data.adopt.roles import Ask
from {{ cookiecutter.__package }}.data.dataset import Dataset

Cells = list[str]


@dataclass(frozen=True)
class Project:
    """A project's folder that a table is adopted into."""

    root: Path

    @property
    def configs(self) -> Path:
        return self.root / "configs"

    @property
    def package(self) -> Path:
        return self.root / "src" / "package"

    def adopt(self, path: Path | str, target: str, **options: Any) -> Draft:
        said = {key: options.pop(key) for key in ("dry_run", "force") if key in options}
        ask = Ask(path=str(path), target=target, **options)
        return job.run(ask, self.configs, yes=True, package=self.package, **said)

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
    return Project(root=root)


@pytest.fixture
def infer(project: Project, tmp_path: Path) -> Callable[..., Draft]:
    """Infers from a target of yes and no, a number, and the columns given."""

    def infer(name: str = "table", **columns: Cells) -> Draft:
        path = tmp_path / f"{name}.csv"
        rows = max([400, *map(len, columns.values())]) if columns else 400
        draw = random.Random(0)  # noqa: S311 - no secret
        ours = {
            "y": [draw.choice(["yes", "no"]) for _ in range(rows)],
            "x": [f"{draw.random():.3f}" for _ in range(rows)],
        }
        path.write_text(text_of(ours | columns))
        return project.adopt(path, "y", dry_run=True)

    return infer


def text_of(columns: dict[str, Cells], delimiter: str = ",") -> str:
    lines = [columns.keys(), *zip(*columns.values(), strict=True)]
    return "".join(delimiter.join(line) + "\n" for line in lines)


def some(*values: str, n: int = 400) -> Cells:
    draw = random.Random(1)  # noqa: S311 - no secret
    return [draw.choice(values) for _ in range(n)]


def column(draft: Draft, name: str) -> Column:
    return draft.contract.columns[name]


def source(contract: Contract) -> Any:
    (found,) = contract.sources.values()
    return found


def doubted(draft: Draft, *words: str) -> bool:
    """Whether a doubt has all the words."""
    return any(all(word in doubt for word in words) for doubt in draft.doubts)
