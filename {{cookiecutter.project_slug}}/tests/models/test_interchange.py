"""The copy for other servers answers what the bundle answers."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.arrow import from_table
from {{ cookiecutter.__package }}.models.bundle import (
    Bundle,
    open_bundle,
    open_session,
    write_bundle,
)
from {{ cookiecutter.__package }}.models.interchange import (
    example,
    frame,
    interchange,
)

from ..synthesized import synthesize
from .conftest import Exported, constant_files


def answers(bundle: Bundle, columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    session = open_session(interchange(bundle).SerializeToString())
    return dict(
        zip((o.name for o in session.get_outputs()), session.run(None, columns), strict=True)
    )


def test_a_named_input_per_column_gives_the_bundles_numbers(
    exported: Exported, tmp_path: Path
) -> None:
    (tmp_path / "model.onnx").write_bytes(exported.graph)
    contract, task = exported.contract, exported.task
    bundle = Bundle(
        path=tmp_path,
        contract=contract,
        metadata={"threshold": 0.5},
        session=exported.session,
        checksums={"model.onnx": hashlib.sha256(exported.graph).hexdigest()},
    )
    table = frame(contract, exported.inputs)
    assert set(table.columns) == set(contract.features)
    found = answers(bundle, {name: table[name].to_numpy() for name in table})
    expected = bundle.predict(exported.inputs)
    if contract.task == "multiclass":
        assert [*found] == [f"{task.output}_{label}" for label in contract.labels or ()]
        assert np.stack([*found.values()], axis=1).tolist() == expected.tolist()
    else:
        assert [*found] == [task.output]
        assert found[task.output].tolist() == expected.tolist()


def test_a_column_may_have_the_name_of_anything_in_the_graph(
    shop: Contract, tmp_path: Path
) -> None:
    renamed = {"price": "numeric", "items": "probability", "city": "category", "channel": "rows"}
    text = shop.text
    for old, new in renamed.items():
        text = text.replace(f'"{old}"', f'"{new}"')
    contract = Contract.model_validate(json.loads(text))
    bundle = open_bundle(write_bundle(tmp_path, constant_files(contract, 0.25)))
    table = frame(contract, from_table(contract, synthesize(contract, 20)))
    found = answers(bundle, {name: table[name].to_numpy() for name in table})
    assert found["predicted_probability"].tolist() == [0.25] * 20


def test_the_example_is_the_golden_rows(shop: Contract, tmp_path: Path) -> None:
    bundle = open_bundle(write_bundle(tmp_path, constant_files(shop)))
    table = example(bundle)
    assert len(table) == len(bundle.metadata["golden"]["rows"])
    assert table["city"].tolist() == ["<missing>"] * 2
    assert table["price"].isna().all()


def test_the_copy_keeps_the_versions_that_runtimes_read(shop: Contract, tmp_path: Path) -> None:
    bundle = open_bundle(write_bundle(tmp_path, constant_files(shop)))
    before, after = onnx.load(bundle.path / "model.onnx"), interchange(bundle)
    assert after.ir_version == before.ir_version
    assert {o.domain: o.version for o in after.opset_import} == {
        o.domain: o.version for o in before.opset_import
    }
