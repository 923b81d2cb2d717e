import json
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.config import Config
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.models.bundle import Bundle, open_bundle
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.monitoring.explain import stages as module
from {{ cookiecutter.__package }}.monitoring.explain.stages import (
    Stage,
    find,
    run,
)
from {{ cookiecutter.__package }}.values import json_value

from ...conftest import Workspace
from ...synthesized import synthesize
from ..conftest import make_place

Change = Callable[[dict[str, Any]], None]


def leave(record: dict[str, Any]) -> None:
    """Change nothing."""


def log_rows(folder: Path, bundle: Bundle, change: Change = leave) -> Path:
    """Two rows of one request, as the server would have logged them, changed by hand."""
    contract = bundle.contract
    table = synthesize(contract, 2, seed=3)
    rows = [{n: json_value(row[n]) for n in contract.request} for row in table.to_pylist()]
    outputs = bundle.predict(from_table(contract, table))
    record = {
        "request_id": "r-1",
        "time": "2024-05-01T08:00:00Z",
        "model": contract.name,
        "version": 1,
        "path": "/predict",
        "rows": rows,
        bundle.task.output: outputs.tolist(),
    }
    change(record)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "predictions-2024-05-01-1.jsonl").write_text(json.dumps(record) + "\n")
    return folder


def watching(config: Config, log: Path) -> Config:
    return config.model_copy(update={"monitor": config.monitor.model_copy(update={"log": log})})


def differing(stages: list[Stage]) -> list[str]:
    return [stage.title for stage in stages if stage.differs]


def test_a_row_that_is_as_it_was_agrees_in_every_stage(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = watching(workspace.config, log_rows(tmp_path, workspace.bundle))
    stages = run(config, workspace.contract.name, "r-1", row=1)
    assert differing(stages) == []
    titles = " | ".join(stage.title for stage in stages)
    told = ("request", "inputs", "numbers", "score", "answer", "decision")
    assert [word for word in told if word not in titles] == []
    shown = capsys.readouterr().out
    assert "row       1 of request r-1" in shown
    assert f"same      all {len(stages)} stages agree" in shown
    named = {row[0]: row[1] for stage in stages if "numbers" in stage.title for row in stage.rows}
    assert set(workspace.contract.numeric) < set(named)
    assert len(named) > len(workspace.contract.numeric)
    by_title = {stage.title: stage for stage in stages}
    logit = float(str(by_title["score of the model"].rows[0][1]))
    (_, logged), (_, now) = by_title["answer"].rows
    assert logged == now
    if workspace.contract.task == "binary":
        assert float(str(now)) == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-4)


def test_an_answer_changed_in_the_log_is_named(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = workspace.bundle

    def change(record: dict[str, Any]) -> None:
        record[bundle.task.output][0] = (np.array(record[bundle.task.output][0]) * 0.9).tolist()

    config = watching(workspace.config, log_rows(tmp_path, bundle, change))
    assert differing(run(config, workspace.contract.name, "r-1"))[0] == "answer"
    assert "answer: " in capsys.readouterr().out.partition("first     stage")[2]
    assert differing(run(config, workspace.contract.name, "r-1", row=1)) == []


@pytest.fixture
def shop_place(tmp_path: Path, shop: Contract) -> tuple[Config, Bundle]:
    """A served model of the shop, whose graph was not made here: it shows no inner stage."""
    place = make_place(tmp_path, shop)
    folder = place.config.train.bundles / shop.name
    (path,) = (p for p in folder.iterdir() if (p / "model.onnx").exists())
    return place.config, open_bundle(path)


# what is changed by hand in the log → the first stage that differs, and what is said of it
PLANTED: list[tuple[str, Any, str, str]] = [
    ("items", "many", "inputs of the graph", "they cannot be made of this: "),
    ("city", " Bern ", "inputs of the graph", "city was ' Bern ' and is 'Bern' to the graph"),
    ("price", 7.25, "answer", "times as far apart as rounding explains"),
    ("name", "Ada Lovelace", "request, as it was logged", "the contract knows no 'name'"),
]


@pytest.mark.parametrize(("column", "value", "stage", "said"), PLANTED)
def test_a_value_changed_in_the_log_is_named_by_the_first_stage_that_sees_it(
    shop_place: tuple[Config, Bundle],
    column: str,
    value: Any,
    stage: str,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config, bundle = shop_place

    def change(record: dict[str, Any]) -> None:
        record["rows"][0][column] = value

    log_rows(config.monitor.log, bundle, change)
    stages = run(config, "shop", "r-1")
    assert differing(stages)[0] == stage
    shown = capsys.readouterr().out
    assert said in shown.partition("first     stage")[2]
    assert "Lovelace" not in shown, "what is unknown may be personal"


class Row(dict[str, Any]):
    """A row that can be seen to go."""


def test_of_all_that_was_logged_only_the_newest_request_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[weakref.ref[Row]] = []
    held: list[int] = []

    def read(*_: object) -> Iterator[Row]:
        for minute in (*range(30), 59, *range(30)):
            for place in (0, 1):
                time = f"2024-05-01T08:{minute:02}:00Z"
                row = Row(model="shop", request_id=f"r-{minute}", time=time, row=place)
                rows.append(weakref.ref(row))
                yield row
                del row
                held.append(sum(one() is not None for one in rows))

    monkeypatch.setattr(module, "read_rows", read)
    found = find(tmp_path, "shop", None, 1)
    assert (found["request_id"], found["row"]) == ("r-59", 1)
    assert max(held) <= 6  # the newest request's, those of the one that is read, and its next row


def test_an_unknown_request_or_row_is_refused_with_what_to_do(
    shop_place: tuple[Config, Bundle],
) -> None:
    config, bundle = shop_place
    with pytest.raises(DataError, match="no prediction by shop; the id is"):
        run(config, "shop")
    log_rows(config.monitor.log, bundle)
    with pytest.raises(DataError, match="request id 'r-2'"):
        run(config, "shop", "r-2")
    with pytest.raises(DataError, match="rows 0 to 1, and none of number 2"):
        run(config, "shop", "r-1", row=2)
