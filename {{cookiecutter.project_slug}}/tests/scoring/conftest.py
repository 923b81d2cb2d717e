"""A model of the shop that scores rows, and what they become."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.config import ServeConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.scoring.job import run

from ..serving.conftest import serve_config
from ..serving.live import add_version
from ..synthesized import synthesize

HEAD = "order,at,price,items,channel,city,gift\n"
LINE = "o-1,2024-05-01T08:00:00Z,12.5,2,web,Lyon,true\n"


@dataclass(frozen=True)
class Place:
    """A folder with rows to score, and the settings of a model that scores them."""

    folder: Path
    config: ServeConfig

    def write(self, *lines: str, name: str = "rows.csv", head: str = HEAD) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + "".join(lines))
        return path

    def run(
        self, where: Path | str, to: str = "scored.parquet", **settings: Any
    ) -> tuple[int, int]:
        settings = {"max_rejected_fraction": 0.5} | settings
        return run(self.config, "shop", str(where), self.folder / to, **settings)

    def scored(self, where: Path | str, to: str = "scored.parquet", **settings: Any) -> pa.Table:
        """The scores of what ``where`` names."""
        n_scored, _ = self.run(where, to, **settings)
        table = pq.read_table(self.folder / to)
        assert len(table) == n_scored
        return table

    def quarantine(self) -> list[tuple[str, int, str]]:
        """File, record and reason of each row that is there."""
        rows = pq.read_table(self.folder / "quarantine" / "scored.parquet").to_pylist()
        return [(Path(row["_file"]).name, row["_record"], row["_reasons"]) for row in rows]

    @property
    def left(self) -> set[str]:
        """The names in the folder, hidden ones as well."""
        return {path.name for path in self.folder.iterdir()}


@pytest.fixture(scope="session")
def shop_config(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> ServeConfig:
    """Settings under which the shop's small model serves."""
    folder = tmp_path_factory.mktemp("score")
    config = serve_config(folder)
    add_version(config.bundles, shop)
    return config


@pytest.fixture
def place(tmp_path: Path, shop_config: ServeConfig) -> Place:
    """An empty folder."""
    return Place(folder=tmp_path, config=shop_config)


def rows_of(contract: Contract, n_rows: int, seed: int = 0) -> pa.Table:
    """Rows of a request that keep every rule."""
    return synthesize(contract, n_rows, seed=seed).select(list(contract.request))
