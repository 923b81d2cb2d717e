"""What is personal or secret is looked for in all that the whole path writes."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from {{ cookiecutter.__package }}.cli import app
from {{ cookiecutter.__package }}.cli.commands import KEY_VARIABLE
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data import transform
from {{ cookiecutter.__package }}.models import preprocess

from ..conftest import write_configs
from ..serving.live import make_key
from ..serving.test_server import process

CANARY = "Canary-7f3a9"
HEADER = "order,at,price,items,channel,city,gift,name,refund,returned"
SETTINGS: dict[str, Any] = {
    "data": {
        "driving": "orders",
        "split": {"validation_from": "2024-04-01", "test_from": "2024-05-01"},
        "max_rejected_fraction": 0.5,
    },
    "train": {
        "model": {"kind": "linear"},
        "folds_below_rows": 0,
        "gate": {"skip": ["no leaky feature", "no broken slice", "calibrated"]},
    },
    "serve": {"port": 0, "reload_s": 0.1},
    "monitor": {"min_rows": 20},
}


def rows_of(n_rows: int) -> list[str]:
    """Orders of five months; every name is a canary, and some rows break the contract."""
    lines = []
    for number in range(n_rows):
        late = number % 3 == 0
        price = -1 if number % 50 == 7 else 5 + number % 90  # below what the contract allows
        at = f"2024-{1 + number * 5 // n_rows:02d}-{1 + number % 28:02d}T10:00:00"
        items = 1 + 4 * late if number % 5 else 3
        cells = [f"o-{number}", at, price, items, "web", "Lyon", "true", f"{CANARY}-{number}", ""]
        lines.append(",".join(map(str, [*cells, "true" if late else "false"])))
    return lines


def holding(folder: Path, secret: str) -> list[str]:
    """The files in which a secret is."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [str(p.relative_to(folder)) for p in files if secret.encode() in p.read_bytes()]


@pytest.fixture
def place(tmp_path: Path, shop: Contract, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder with the shop's raw rows, in which commands run."""
    write_configs(tmp_path, SETTINGS | {"contract": json.loads(shop.text)})
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    (tmp_path / "orders.csv").write_text("\n".join([HEADER, *rows_of(1_000)]) + "\n")
    monkeypatch.setattr(transform, "transform", lambda sources: sources["orders"])
    monkeypatch.setattr(preprocess, "features", lambda _: {})
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what MLflow calls
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # it leaves its connections open
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_neither_a_personal_value_nor_a_key_is_in_what_the_whole_path_makes(
    place: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make_key(place / "keys.txt", "replay")
    monkeypatch.setenv(KEY_VARIABLE, key)

    def run(*words: str) -> None:
        app(list(words), standalone_mode=False)

    run("data")
    run("train")
    with process(place, None) as (_, url):
        row = {"order": "o-1", "at": "2024-05-01T10:00:00Z", "price": 1, "items": 1}
        row |= {"channel": "web", "name": CANARY}
        for headers, status in (({"authorization": f"Bearer {key}"}, 422), ({}, 401)):
            body = {"rows": [row]}
            refused = httpx.post(f"{url}/predict", json=body, headers=headers, timeout=30)
            assert (refused.status_code, CANARY in refused.text) == (status, False)
        run("replay", "--url", url)
    run("score", "orders.csv", "--output", "scored.parquet")
    run("monitor")
    shown = "".join(capfd.readouterr())
    assert "replayed" in shown
    assert CANARY not in shown
    assert key not in shown
    made = {path.name for path in place.rglob("*")}
    files = {"mlflow.db", "monitoring", "scored.parquet", "model.onnx", "quarantine"}
    assert files <= made
    assert holding(place, CANARY) == ["orders.csv"]
    assert holding(place, key) == []
