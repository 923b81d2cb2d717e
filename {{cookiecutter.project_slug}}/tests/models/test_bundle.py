import shutil
from pathlib import Path

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import BundleError, ModelFailedError
from {{ cookiecutter.__package }}.models.bundle import (
    CHECKSUMS,
    open_bundle,
    write_bundle,
)

from ..conftest import Workspace
from .conftest import constant_files, constant_graph, part_of


@pytest.fixture
def path(tmp_path: Path, shop: Contract) -> Path:
    return write_bundle(tmp_path / "shop", constant_files(shop))


def test_each_changed_byte_and_absent_file_is_found(path: Path) -> None:
    for file in sorted(path.iterdir()):
        content = file.read_bytes()
        changed = [b"", content[:-1], content + b"\n"]
        for position in np.unique(np.linspace(0, len(content) - 1, 25).astype(int)).tolist():
            other = bytearray(content)
            other[position] ^= 1 + 0x7F * (position % 2)
            changed.append(bytes(other))
        for damaged in changed:
            file.write_bytes(damaged)
            with pytest.raises(BundleError, match=r"damaged"):
                open_bundle(path)
        file.unlink()
        with pytest.raises(BundleError, match=file.name):
            open_bundle(path)
        file.mkdir()
        with pytest.raises(BundleError, match=rf"{file.name}'; let this user|no {CHECKSUMS}"):
            open_bundle(path)
        file.rmdir()
        file.write_bytes(content)
    open_bundle(path)


def test_what_is_no_bundle_or_was_changed_by_hand_is_refused(path: Path, tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(BundleError, match=f"is not a bundle: it has no {CHECKSUMS}"):
            open_bundle(folder)
    (path / "extra.bin").write_bytes(b"")
    with pytest.raises(BundleError, match=r"extra\.bin is not in checksums"):
        open_bundle(path)
    with pytest.raises(BundleError, match="the folder was renamed"):
        open_bundle(path.rename(path.with_name("0" * 16)))


def test_a_bundle_whose_files_do_not_fit_is_refused(tmp_path: Path, shop: Contract) -> None:
    refused: list[tuple[str, bytes, str]] = [
        ("contract.json", part_of(shop, "price").text.encode(), "do not belong together"),
        ("model.onnx", b"no graph", "onnxruntime cannot load its graph"),
        ("model.onnx", constant_graph(shop, 0.2501), r"8\.0 times the tolerance"),
        ("model.onnx", constant_graph(shop, float("nan")), "no probability"),
    ]
    for name, content, message in refused:
        with pytest.raises((BundleError, ModelFailedError), match=message):
            open_bundle(write_bundle(tmp_path, constant_files(shop) | {name: content}))


def test_a_trained_bundle_opens_anywhere_and_holds_only_formats_that_are_safe_to_read(
    workspace: Workspace, tmp_path: Path
) -> None:
    original = workspace.bundle
    copy = shutil.copytree(original.path, tmp_path / "elsewhere" / original.hash)
    assert open_bundle(copy).metadata == original.metadata
    assert {path.suffix for path in copy.iterdir()} == {".onnx", ".json", ".md", ".sha256"}
