"""Of any contract: rows made from it keep it, rows made to break a rule break it, YAML keeps it."""

from typing import Any

import numpy as np
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.adopt.text import contract_text
from {{ cookiecutter.__package }}.data.spoil import spoiled
from {{ cookiecutter.__package }}.data.synthesize import synthesize
from {{ cookiecutter.__package }}.data.validate import check, conform
from {{ cookiecutter.__package }}.models.tasks import task_of

N_ROWS = 40
NAMES = st.one_of(
    st.sampled_from(["class", "model_config", "a b", "a.b", "it's", "größe", "Age", "age", "null"]),
    st.text("abcxyzABC_ .'\"é日{}%#:-", min_size=1, max_size=8).filter(str.strip),
).filter(lambda name: not name.startswith("_"))
WORDS = st.text("abcäz 01.-", min_size=1, max_size=6).filter(lambda w: w.strip() == w)
NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)


@st.composite
def columns(draw: st.DrawFn) -> dict[str, Any]:
    """A feature with the rules that its type may have."""
    kind = draw(st.sampled_from(["integer", "float", "boolean", "category", "timestamp", "string"]))
    column: dict[str, Any] = {"type": kind, "nullable": draw(st.booleans())}
    if kind in {"integer", "float"} and draw(st.booleans()):
        low, high = sorted((draw(NUMBERS), draw(NUMBERS)))
        column["minimum"], column["maximum"] = low, max(high, low + 2)
    if kind == "category" and draw(st.booleans()):
        column["allowed"] = draw(st.lists(WORDS, min_size=1, max_size=5, unique=True))
    if draw(st.booleans()):
        column["unit"] = draw(WORDS)
    return column


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    """Any task, with or without id and time, and features of any type."""
    names = draw(st.lists(NAMES, min_size=4, max_size=9, unique=True))
    target, id_, time, *others = names
    task = draw(st.sampled_from(["binary", "multiclass", "regression"]))
    types = {"binary": "boolean", "multiclass": "category", "regression": "float"}
    found: dict[str, Any] = {name: draw(columns()) for name in others}
    found[others[0]] = {"type": "float"}
    found[target] = {"type": types[task]}
    head: dict[str, Any] = {"task": task, "target": target}
    if task == "multiclass":
        labels = st.lists(WORDS, min_size=2, max_size=5, unique=True)
        head["labels"] = draw(labels.filter(lambda ls: len({_plain(one) for one in ls}) == len(ls)))
    if draw(st.booleans()):
        found[id_] = {"type": draw(st.sampled_from(["integer", "string"]))}
        head["id"] = id_
    if draw(st.booleans()):
        found[time] = {"type": "timestamp"}
        head["time"] = time
    sources = {"rows": {"csv": "rows.csv"}}
    return Contract.model_validate({"name": "any", "sources": sources, "columns": found} | head)


def _plain(label: str) -> str:
    """As categories are compared: 1 and 1.0 are one."""
    return label.removesuffix(".0").removesuffix(".00")


@given(contracts())
@settings(deadline=None, max_examples=50)
def test_rows_made_from_a_contract_keep_it(contract: Contract) -> None:
    rows = synthesize(contract, N_ROWS)
    checked = check(conform(rows, contract), contract)
    assert (checked.rejected, checked.nulled, checked.failed) == (None, None, None)
    labels = task_of(contract).encode(rows[contract.target].to_pylist())
    assert not np.isnan(labels).any()
    assert len(set(labels)) > 1


@given(contracts())
@settings(deadline=None, max_examples=25)
def test_rows_made_to_break_a_rule_break_it_alone(contract: Contract) -> None:
    for name, rule, rows in spoiled(contract, N_ROWS):
        if rule == "unique":
            assert len(rows[name].unique()) == 1
            continue
        checked = check(conform(rows, contract), contract)
        assert checked.rejected is not None
        reasons = checked.rejected.to_pylist()
        assert len(set(reasons)) == 1
        assert reasons[0].startswith(f"{name}: ")


@given(contracts())
@settings(deadline=None, max_examples=50)
def test_a_contract_written_as_yaml_is_itself_again(contract: Contract) -> None:
    again = Contract.model_validate(yaml.safe_load(contract_text(contract, [])))
    assert again == contract
    assert again.hash == contract.hash
