"""Faults of stores, planted one by one."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from filelock import FileLock

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.doctor import running, stores
from {{ cookiecutter.__package }}.models.versions import Versions

from ..conftest import Workspace
from .conftest import Look

WEEK_S = 7 * 86_400


def test_stores_that_are_well_are_fine(look: Look) -> None:
    for check in (stores.writable, stores.dataset, stores.served, stores.challenge, stores.locks):
        assert [finding.level for finding in look(check)] == ["fine"], check.__name__
    assert look(stores.leftovers) == []


def test_a_file_in_place_of_a_folder_is_told(look: Look, tmp_path: Path) -> None:
    (tmp_path / "reports").touch()
    (found,) = look(stores.writable, f"monitor.reports={tmp_path / 'reports'}")
    assert found.level == "fault"
    assert "monitor.reports" in found.what
    assert found.fix == f"mv '{tmp_path / 'reports'}' '{tmp_path / 'reports'}.before'"


def test_a_folder_that_cannot_be_written_is_told(
    look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(dir: Path) -> None:  # noqa: A002 - tempfile's; root may write everywhere
        raise PermissionError(13, "Permission denied", str(dir))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    found = look(stores.writable, f"serve.log={tmp_path / 'deep' / 'log'}")
    (log,) = [each for each in found if each.what.startswith("serve.log")]
    assert "Permission denied" in log.what
    assert log.fix == f"chmod u+w '{tmp_path}'"


def test_before_the_first_dataset_the_command_that_makes_it_is_told(
    look: Look, tmp_path: Path
) -> None:
    (found,) = look(stores.dataset, f"data.directory={tmp_path / 'none'}")
    assert (found.level, found.fix) == ("warning", "make data")


def test_a_pointer_to_no_dataset_is_told(look: Look, data: Path) -> None:
    (data / "datasets" / "current").write_text("gone\n")
    (found,) = look(stores.dataset, f"data.directory={data}")
    assert "names gone, which has no manifest.json" in found.what
    assert found.fix == f"rm -rf '{data / 'datasets' / 'gone'}' && make data"


def test_a_damaged_manifest_is_told(look: Look, data: Path) -> None:
    (data / "datasets" / "synthetic" / "manifest.json").write_text("{")
    (found,) = look(stores.dataset, f"data.directory={data}")
    assert found.level == "fault"
    assert "synthetic is damaged" in found.what


def test_a_contract_that_was_changed_since_is_told(look: Look, shop: Contract) -> None:
    (dataset,) = look(stores.dataset, contract=shop)
    assert (dataset.level, dataset.fix) == ("warning", "make data train")


def test_a_byte_that_changed_in_what_serves_is_told(look: Look, bundles: Path) -> None:
    (model,) = bundles.glob("*/*/model.onnx")
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    (found,) = look(stores.served, f"serve.bundles={bundles}")
    assert found.level == "fault"
    assert "model.onnx" in found.what
    assert found.fix == "make train"  # no other version is whole


def test_of_a_damaged_bundle_the_version_before_is_the_way_back(
    look: Look, workspace: Workspace, bundles: Path
) -> None:
    versions = Versions(bundles, workspace.contract.name)
    versions.serve(versions.register("gone", [], passed=True), action="promote", why="a test")
    (found,) = look(stores.served, f"serve.bundles={bundles}")
    assert (found.level, found.fix) == ("fault", "make promote ARGS=1")


def test_a_damaged_served_pointer_is_told(look: Look, bundles: Path) -> None:
    (pointer,) = bundles.glob("*/served")
    pointer.write_text("???")
    (found,) = look(stores.served, f"serve.bundles={bundles}")
    assert f"'{pointer}' is damaged" in found.what
    assert found.fix == "make promote ARGS=1"


def test_where_nothing_serves_the_command_that_changes_it_is_told(
    look: Look, bundles: Path, tmp_path: Path
) -> None:
    (found,) = look(stores.served, f"serve.bundles={tmp_path / 'none'}")
    assert (found.level, found.fix) == ("warning", "make train")
    (pointer,) = bundles.glob("*/served")
    pointer.unlink()
    (found,) = look(stores.served, f"serve.bundles={bundles}")
    assert (found.level, found.fix) == ("warning", "make promote ARGS=1")


def test_what_serves_by_another_contract_is_told(look: Look, workspace: Workspace) -> None:
    renamed = json.loads(workspace.contract.text) | {"timezone": "Asia/Tokyo"}
    (found,) = look(stores.served, contract=Contract.model_validate(renamed))
    assert (found.level, found.fix) == ("warning", "make data train")


def test_a_bundle_without_the_demanded_signature_is_told(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNDLE_KEY", "k" * 32)
    (found,) = look(stores.served, "serve.require_signature=true")
    assert "is not signed" in found.what
    assert found.fix.endswith("bundle sign 1")


def test_a_damaged_challenge_is_told(look: Look, bundles: Path) -> None:
    (pointer,) = bundles.glob("*/served")
    pointer.with_name("challenge").write_text("{}")
    (found,) = look(stores.challenge, f"serve.bundles={bundles}")
    assert (found.level, found.fix) == ("fault", f"rm '{pointer.with_name('challenge')}'")


def test_what_a_killed_run_left_is_told_after_a_day(look: Look, bundles: Path) -> None:
    (pointer,) = bundles.glob("*/served")
    left, fresh = (pointer.with_name(f".0123abcd.{name}") for name in ("abcd_123", "abcd_124"))
    for folder in (left, fresh):
        folder.mkdir()
    os.utime(left, (time.time() - WEEK_S, time.time() - WEEK_S))
    (found,) = look(stores.leftovers, f"serve.bundles={bundles}")
    assert "7 days ago" in found.what
    assert found.fix == f"rm -r '{left}'"


HOLD = "import sys, time; from filelock import FileLock; lock = FileLock(sys.argv[1]); "
HOLD += "lock.acquire(); print('held', flush=True); time.sleep(60)"


def test_a_lock_that_is_held_is_told_with_its_process(look: Look, data: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(data / ".lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (found,) = look(stores.locks, f"data.directory={data}")
        process.kill()
    assert f"(process {process.pid})" in found.what
    assert found.fix.startswith(f"kill {process.pid}")


def test_a_lock_file_that_nobody_holds_is_no_lock(look: Look, data: Path) -> None:
    with FileLock(data / ".lock"):
        pass
    (data / ".lock").touch()
    assert [f.what for f in look(stores.locks, f"data.directory={data}")] == ["none is held"]


def test_without_psutil_a_command_tells_who_holds_a_lock(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "psutil", lambda: None)
    assert running.holder(data / ".lock") == ("another process", f"fuser -v '{data / '.lock'}'")
