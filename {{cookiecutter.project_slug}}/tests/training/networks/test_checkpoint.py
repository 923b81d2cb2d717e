"""An interrupted training ends as if it had not been."""

import itertools
import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from {{ cookiecutter.__package }}.training.networks import loop
from {{ cookiecutter.__package }}.training.networks.checkpoint import (
    FolderCheckpoints,
    NoCheckpoints,
    Snapshot,
)

from .lines import seeded, state, train, train_to_file

EPOCHS = 5


class BrokenOffError(Exception):
    """As if the machine went away."""


def stop_at(number: int) -> Any:
    def stop(found: Any) -> None:
        if getattr(found, "number", None) == number or getattr(found, "epoch", None) == number:
            raise BrokenOffError

    return stop


@pytest.fixture
def checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderCheckpoints:
    monkeypatch.setattr(loop, "SAVE_ROWS", 1)
    return FolderCheckpoints(tmp_path / "checkpoints")


def trained(**settings: Any) -> tuple[Any, Any]:
    body = seeded(dropout=0.3)
    result = train(body, epochs=EPOCHS, patience=3, **settings)
    return state(body), result


def interrupted(**settings: Any) -> None:
    with pytest.raises(BrokenOffError):
        trained(**settings)


@pytest.mark.parametrize("within", ["on_progress", "on_epoch"])
@pytest.mark.parametrize("number", range(1, EPOCHS + 1))
def test_a_training_goes_on_after_each_epoch(
    checkpoints: FolderCheckpoints, number: int, within: str, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted(checkpoints=checkpoints, **{within: stop_at(number)})
    seen: list[int] = []
    torch.manual_seed(99)
    ended = trained(checkpoints=checkpoints, on_epoch=lambda epoch: seen.append(epoch.number))
    assert ended == trained()
    assert seen == list(range(number, EPOCHS + 1))
    assert (f"after epoch {number - 1}" in capsys.readouterr().out) == (number > 1)


def test_a_training_that_had_ended_has_nothing_left_to_do(checkpoints: FolderCheckpoints) -> None:
    first = trained(checkpoints=checkpoints)
    again = trained(checkpoints=checkpoints, on_epoch=stop_at(EPOCHS))
    assert first == again == trained()


@pytest.mark.parametrize("damage", ["cut", "flip first", "flip middle", "flip last"])
def test_of_a_damaged_checkpoint_the_one_before_it_is_used_and_that_is_said(
    checkpoints: FolderCheckpoints, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted(checkpoints=checkpoints, on_epoch=stop_at(4))
    older, newest = sorted(checkpoints.folder.iterdir())
    content = bytearray(newest.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    else:
        at = {"flip first": 0, "flip middle": len(content) // 2, "flip last": -1}[damage]
        content[at] ^= 1
    newest.write_bytes(content)
    seen: list[int] = []
    ended = trained(checkpoints=checkpoints, on_epoch=lambda epoch: seen.append(epoch.number))
    said = capsys.readouterr().out
    assert seen[0] == 3
    assert f"damaged   {newest}" in said
    assert f"after epoch 2, from {older}" in said
    assert ended == trained()


def test_with_all_damaged_the_training_starts_anew(
    checkpoints: FolderCheckpoints, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted(checkpoints=checkpoints, on_epoch=stop_at(4))
    for path in checkpoints.folder.iterdir():
        path.write_bytes(b"")
    assert trained(checkpoints=checkpoints) == trained()
    assert capsys.readouterr().out.count("damaged   ") == 2


def test_two_are_kept_until_all_are_cleared(checkpoints: FolderCheckpoints) -> None:
    trained(checkpoints=checkpoints)
    names = sorted(path.name[:5] for path in checkpoints.folder.iterdir())
    assert names == [f"{EPOCHS - 1:05}", f"{EPOCHS:05}"]
    checkpoints.clear()
    assert not checkpoints.folder.exists()
    checkpoints.clear()


def test_short_epochs_are_saved_by_the_rows_that_were_learned(
    checkpoints: FolderCheckpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "SAVE_ROWS", 600)
    trained(checkpoints=checkpoints)
    assert sorted(path.name[:5] for path in checkpoints.folder.iterdir()) == ["00002", "00004"]


def test_a_snapshot_comes_back_as_it_was(checkpoints: FolderCheckpoints) -> None:
    tensors = {"weight": torch.randn(3, 2), "none": torch.zeros(0), "step": torch.tensor(3.0)}
    checkpoints.save(Snapshot(epoch=12, tensors=tensors, facts={"loss": float("nan"), "n": [0.1]}))
    found = checkpoints.latest()
    assert found is not None
    assert found.epoch == 12
    assert all(torch.equal(found.tensors[name], tensor) for name, tensor in tensors.items())
    assert repr(found.facts) == "{'loss': nan, 'n': [0.1]}"


def test_none_are_kept_where_none_are_wanted() -> None:
    kept = NoCheckpoints()
    kept.save(Snapshot(epoch=1, tensors={}, facts={}))
    assert trained(checkpoints=kept) == trained()
    kept.clear()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")
def test_a_process_killed_at_any_moment_ends_with_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # else the preload finds nothing
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([train_to_file.__module__, "torch._dynamo"])  # seconds each
    draw, epochs = np.random.default_rng(0), 60

    def run(folder: Path, seconds: float | None = None) -> float:
        folder.mkdir(exist_ok=True)
        process = context.Process(target=train_to_file, args=(folder, epochs))
        began = time.perf_counter()
        process.start()
        process.join(seconds)
        process.kill()
        process.join()
        assert process.exitcode in {0, -signal.SIGKILL}  # it may just have ended by itself
        return time.perf_counter() - began

    run(tmp_path / "warm")
    whole = min(run(tmp_path / "whole"), run(tmp_path / "again"))
    expected = (tmp_path / "whole" / "weights").read_bytes()
    killed = resumed = 0
    for number in itertools.count():
        folder = tmp_path / str(number)
        run(folder, draw.uniform(0, whole))
        killed += not (folder / "weights").exists()
        resumed += any((folder / "checkpoints").glob("*.safetensors"))
        whole *= 0.9 if (folder / "weights").exists() else 1
        run(folder)
        assert (folder / "weights").read_bytes() == expected
        if killed == 20:
            break
    assert resumed >= 10
