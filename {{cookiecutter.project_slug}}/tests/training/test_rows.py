"""Splits that fit into memory, and samples of those that do not."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from {{ cookiecutter.__package }}.config import ModelConfig, TrainConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.dataset import Dataset
from {{ cookiecutter.__package }}.models import preprocess
from {{ cookiecutter.__package }}.models.inputs import Inputs
from {{ cookiecutter.__package }}.models.preprocess import Prepared
from {{ cookiecutter.__package }}.training.batches import Streamed
from {{ cookiecutter.__package }}.training.fitting import make_lesson
from {{ cookiecutter.__package }}.training.kinds import learn
from {{ cookiecutter.__package }}.training.rows import read_rows, stream

from ..conftest import ROWS, write_dataset
from .conftest import load_settings

TOTAL = ROWS["train"]


@pytest.fixture
def dataset(any_shop: Contract, tmp_path: Path) -> Dataset:
    """A dataset whose training rows are in groups of 700."""
    made = write_dataset(tmp_path / "data", any_shop)
    path = made.path / "train.parquet"
    pq.write_table(pq.read_table(path), path, row_group_size=700)
    return made


def test_a_split_that_fits_is_read_whole(dataset: Dataset) -> None:
    rows = read_rows(dataset, "train", most=TOTAL)
    assert rows.sample_of is None
    assert rows.total == len(rows.labels) == rows.table.num_rows == TOTAL
    assert rows.table.equals(dataset.read("train"))


def test_of_a_split_that_does_not_a_sample_is_read(dataset: Dataset) -> None:
    rows, again, other = (read_rows(dataset, "train", most=1_000, seed=s) for s in (1, 1, 2))
    assert rows.total == TOTAL
    assert len(rows.labels) == len(rows.inputs) == rows.table.num_rows == 1_000
    assert rows.table.equals(again.table)
    assert not rows.table.equals(other.table)
    ids = dataset.read("train")["order"].to_pylist()
    places = [ids.index(name) for name in rows.table["order"].to_pylist()]
    assert places == sorted(set(places))
    shares = np.bincount(np.array(places) // 700) / 1_000
    assert shares == pytest.approx([700 / TOTAL] * 4 + [200 / TOTAL], abs=0.06)


def prepare(inputs: Inputs) -> Prepared:
    """The numbers as they are."""
    numbers = torch.from_numpy(inputs.numeric)
    return Prepared(numbers=numbers, codes=torch.zeros(len(inputs), 0, dtype=torch.int64))


def test_networks_learn_from_all_rows_of_a_sampled_split(
    dataset: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    contract, settings = dataset.contract, TrainConfig(buffer_rows=900)

    whole, sample = (read_rows(dataset, "train", most=most) for most in (TOTAL, 1_000))
    assert stream(contract, settings, whole, prepare, None) is None
    streamed = stream(contract, settings, sample, prepare, lambda labels: labels + 1)
    assert isinstance(streamed, Streamed)
    assert f"{TOTAL:,} training rows from" in capsys.readouterr().out
    found = np.concatenate([block.labels.numpy() for block in streamed.blocks(1, 64)])
    assert np.array_equal(np.sort(found), np.sort(whole.labels).astype(np.float32))
    block = next(streamed.blocks(1, 64))
    assert block.weights is not None
    assert np.allclose(block.weights.numpy(), block.labels.numpy() + 1)


def test_a_network_is_trained_on_streamed_rows(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preprocess, "features", lambda _: {})
    settings = load_settings(tmp_path, epochs=2, buffer_rows=800).train
    sample = read_rows(dataset, "train", most=500)
    lesson = make_lesson(dataset.contract, settings, sample, read_rows(dataset, "validation"))
    assert len(lesson.train) == 500
    assert lesson.stream is not None
    assert len(lesson.stream) == TOTAL
    fitted = learn(lesson, ModelConfig.model_validate({"kind": "mlp", "hidden": [8]}))
    assert np.isfinite(fitted.curves["validation_loss"]).all()


def test_dictionaries_of_several_groups_are_read_as_one(
    dataset: Dataset, any_shop: Contract
) -> None:
    path = dataset.path / "train.parquet"
    table = pq.read_table(path)
    place = table.schema.names.index("city")
    city = pa.chunked_array([chunk.dictionary_encode() for chunk in table["city"].chunks])
    pq.write_table(table.set_column(place, "city", city), path, row_group_size=400)
    plain = read_rows(dataset, "train", most=TOTAL)
    sampled = read_rows(dataset, "train", most=TOTAL - 1)
    assert set(sampled.inputs.category.ravel()) == set(plain.inputs.category.ravel())
