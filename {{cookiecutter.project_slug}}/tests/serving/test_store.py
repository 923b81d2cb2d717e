from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.serving.store import Store
from {{ cookiecutter.__package }}.storage import write_pointer

from .live import add_version


def changed(contract: Contract, **column: object) -> Contract:
    """The contract with another rule for one of its columns, as callers see it."""
    price = contract.columns["price"].model_copy(update=column)
    columns = {**contract.columns, "price": price}
    return Contract.model_validate({**contract.model_dump(), "columns": columns})


def test_before_the_first_promotion_there_is_no_predictor_and_a_reason(tmp_path: Path) -> None:
    store = Store(tmp_path / "bundles", None, 100)
    assert store.refresh() is False
    assert store.current is None
    assert store.problem is not None
    assert "make train" in store.problem


def test_a_version_that_was_only_registered_does_not_serve(tmp_path: Path, shop: Contract) -> None:
    add_version(tmp_path, shop, serve=False)
    store = Store(tmp_path, None, 100)
    assert store.refresh() is False
    assert store.current is None


def test_the_pointer_is_followed_to_and_fro_and_an_unchanged_one_loads_nothing(
    tmp_path: Path, shop: Contract
) -> None:
    first = add_version(tmp_path, shop)
    second = add_version(tmp_path, shop, bias=1, serve=False)
    store, versions = Store(tmp_path, None, 100), Versions(tmp_path, shop.name)
    assert [store.refresh(), store.refresh()] == [True, False]
    for version in (second, first):
        versions.serve(version, action="promote", why="")
        before = store.current
        assert [store.refresh(), store.refresh()] == [True, False]
        assert store.current is not before
        assert store.current is not None
        assert store.current.version == version.number


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.onnx", b""),
        ("metadata.json", b"{}"),
        ("contract.json", None),
        ("checksums.sha256", b"gone"),
        ("checksums.sha256", None),
    ],
)
def test_a_damaged_bundle_is_refused_and_the_old_one_kept(
    tmp_path: Path, shop: Contract, name: str, content: bytes | None
) -> None:
    add_version(tmp_path, shop)
    store = Store(tmp_path, None, 100)
    store.refresh()
    before = store.current
    new = add_version(tmp_path, shop, bias=1)
    path = tmp_path / shop.name / new.bundle / name
    path.unlink() if content is None else path.write_bytes(content)
    assert store.refresh() is False
    assert store.current is before
    assert store.problem is not None
    assert new.bundle in store.problem
    assert store.failures == 1
    assert store.refresh() is False
    assert store.failures == 1


@pytest.mark.parametrize("pointer", ["7", "latest", "1.5", "../1"])
def test_a_pointer_to_nothing_is_a_reason_and_not_a_crash(
    tmp_path: Path, shop: Contract, pointer: str
) -> None:
    add_version(tmp_path, shop)
    store = Store(tmp_path, None, 100)
    store.refresh()
    before = store.current
    write_pointer(tmp_path / shop.name / "served", pointer)
    assert store.refresh() is False
    assert store.current is before
    assert store.problem


def test_a_version_file_of_another_time_is_a_reason_and_not_a_crash(
    tmp_path: Path, shop: Contract
) -> None:
    version = add_version(tmp_path, shop)
    path = tmp_path / shop.name / "versions" / f"{version.number}.json"
    path.write_text(path.read_text().replace('"bundle"', '"folder"'))
    store = Store(tmp_path, None, 100)
    assert store.refresh() is False
    assert store.problem


def test_another_contract_is_not_swapped_in_under_its_callers(
    tmp_path: Path, shop: Contract
) -> None:
    add_version(tmp_path, shop)
    store = Store(tmp_path, None, 100)
    store.refresh()
    add_version(tmp_path, changed(shop, maximum=500.0))
    assert store.refresh() is False
    assert store.current is not None
    assert store.current.version == 1
    assert store.problem is not None
    assert "another contract" in store.problem
    assert "restart" in store.problem
    restarted = Store(tmp_path, None, 100)
    assert restarted.refresh() is True


def test_a_contract_that_callers_cannot_tell_apart_is_swapped_in(
    tmp_path: Path, shop: Contract
) -> None:
    add_version(tmp_path, shop)
    store = Store(tmp_path, None, 100)
    store.refresh()
    source = {"orders": {"csv": "other.csv"}}
    add_version(tmp_path, Contract.model_validate({**shop.model_dump(), "sources": source}))
    assert store.refresh() is True


def test_of_several_models_one_must_be_named(
    tmp_path: Path, shop: Contract, awkward: Contract
) -> None:
    add_version(tmp_path, shop)
    add_version(tmp_path, awkward)
    store = Store(tmp_path, None, 100)
    assert store.refresh() is False
    assert store.problem is not None
    assert "awkward, shop; set serve.model" in store.problem
    named = Store(tmp_path, "awkward", 100)
    assert named.refresh() is True
    assert named.current is not None
    assert named.current.bundle.contract.name == "awkward"
