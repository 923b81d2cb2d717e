"""What a run lets out of no row, and needs for no file: personal values, and much memory."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import DataError

from ..conftest import PACKAGE
from .conftest import Rows, Shop, orders, text_of

CANARY = "Xq7canary"
MEGABYTES = (100, 300)
MORE_MEGABYTES, PEAK_MEGABYTES = 150, 1024


def personal() -> Rows:
    """Orders whose name, refund and e-mail address are personal, and hold the canary."""
    rows = [
        row | {"name": f"{CANARY}, {place}", "refund": "7.5", "mail": f"{CANARY}@x"}
        for place, row in enumerate(orders())
    ]
    rows[1]["price"] = "x"  # no float
    rows[2]["refund"] = CANARY  # no float, and personal
    rows[3]["items"] = "many"  # becomes null
    rows[4]["channel"] = "fax"  # breaks a rule
    rows[5]["name"] = f'"{CANARY}" \n{CANARY}'
    rows[5]["at"] = "soon"
    rows[6] = rows[7] | {"price": "3"}  # the id of another row
    return [*rows, rows[9]]


SPOILED = [
    f"{CANARY},{CANARY}\n".encode(),
    f'o-1,"{CANARY}"x,"{CANARY}\n'.encode(),
    f"{CANARY}\xe9\n".encode("latin-1"),
    f"o-2,{CANARY}\0,{CANARY}\n".encode(),
    f"{CANARY}\r{CANARY}\n".encode(),
    f"{CANARY}{',' * 20}\n".encode(),
]


def strict(place: Shop, **source: Any) -> Shop:
    """The shop with personal columns, of which one may become null."""
    values = json.loads(place.contract.text)
    values["sources"]["orders"] = {"csv": str(place.csv), "pii": ["mail"]} | source
    values["columns"]["refund"]["pii"] = True
    values["columns"]["items"] |= {"nullable": True, "on_violation": {"type": "null"}}
    settings = {"max_rejected_fraction": 0.5}
    return replace(place, contract=Contract.model_validate(values), settings=settings)


def let_out(folder: Path) -> list[str]:
    """Files in which the canary is, as it is or packed."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            packed = path.suffix == ".parquet"
            rows = str(pq.read_table(path).to_pylist()) if packed else ""
            if CANARY.encode() in path.read_bytes() or CANARY in rows:
                found.append(path.name)
    return found


def test_no_personal_value_of_a_text_file_is_let_out(
    place: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    place.write(text_of(personal()).encode() + b"".join(SPOILED))
    shop = strict(place)
    counts = shop.run().manifest["source_rows"]["orders"][str(place.csv)]
    assert counts == {"in": 67, "accepted": 57, "rejected": 9, "duplicates": 1}
    told = {row["_line"]: row["_raw"] for row in shop.quarantined("orders")}
    assert told[3].split(b",")[:2] == [b"o-1", orders()[1]["at"].encode()]
    assert [raw for raw in told.values() if raw is not None and raw.count(b"***") != 3] == []
    assert sum(raw is None for raw in told.values()) == len(SPOILED)
    assert len(shop.quarantined("contract")) == 2
    assert let_out(place.folder / "data") == []
    assert CANARY not in capsys.readouterr().out


def test_no_personal_value_of_a_parquet_file_is_let_out(
    place: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    path = place.folder / "orders.parquet"
    texts = [{name: text or None for name, text in row.items()} for row in personal()]
    pq.write_table(pa.Table.from_pylist(texts), path)
    values = json.loads(strict(place).contract.text)
    values["sources"]["orders"] = {"parquet": str(path), "pii": ["mail"]}
    shop = replace(strict(place), contract=Contract.model_validate(values))
    counts = shop.run().manifest["source_rows"]["orders"][str(path)]
    assert counts == {"in": 61, "accepted": 57, "rejected": 3, "duplicates": 1}
    assert [row["_raw"].count(b"***") for row in shop.quarantined("orders")] == [3] * 4
    assert let_out(place.folder / "data") == []
    assert CANARY not in capsys.readouterr().out


STOPPED: list[tuple[dict[str, Any], bytes, str]] = [
    ({"refund": {"on_violation": "fail"}}, b"", "refund: not a float"),
    ({"price": {"on_violation": "fail"}}, b"", "price: not a float"),
    ({"channel": {"on_violation": "fail"}}, b"", "channel: not one"),
    ({}, f'o-1,"{CANARY}\n'.encode(), "a quote opens in the record at line 64"),
    ({}, b"".join(SPOILED) * 10, "more than"),
]


@pytest.mark.parametrize(("rules", "more", "message"), STOPPED)
def test_no_personal_value_is_in_an_error_nor_left_behind(
    place: Shop, rules: dict[str, Any], more: bytes, message: str
) -> None:
    rows = personal()
    if "channel" in rules:
        rows[2]["refund"] = ""
    place.write(text_of(rows).encode() + more)
    shop = strict(place)
    values = json.loads(shop.contract.text)
    for name, rule in rules.items():
        values["columns"][name] |= rule
    with pytest.raises(DataError, match=message) as caught:
        replace(shop, contract=Contract.model_validate(values)).run()
    assert CANARY not in str(caught.value)
    assert let_out(place.folder / "data") == []


# Extracts the orders of a folder; prints rows, rejected ones, repeated ones and peak memory in MB.
SCRIPT = f"""
import resource, sys
from pathlib import Path
from {PACKAGE}.contract import Contract
from {PACKAGE}.data.extract import extract
from {PACKAGE}.data.sources import files, open_source

scratch, quarantine = map(Path, sys.argv[1:3])
contract = Contract.model_validate_json(sys.argv[3])
opened = open_source(contract, "orders", files(contract, "orders", scratch))
total = extract("orders", opened, scratch, quarantine, "200MB", lambda path: None).total
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(total["in"], total["rejected"], total["duplicates"], peak)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory is counted otherwise")
def test_a_file_three_times_as_large_needs_hardly_more_memory(place: Shop) -> None:
    small, large = (peak_of(place, megabytes << 20) for megabytes in MEGABYTES)
    assert large < small + MORE_MEGABYTES
    assert large < PEAK_MEGABYTES


def peak_of(place: Shop, size: int) -> int:
    """Peak memory in MB of an extraction of so many bytes, of which hardly a row is new."""
    count = 50_000
    rows = [
        f'{i},2024-01-01 {i % 24:02}:00,{i}.5,{i % 7 or "many"},web,"City, {i % 500}",true,'
        f'"Person ""{i}"" of\n some place",,{"yes" if i % 3 else "no"}\n'
        for i in range(count)
    ]
    with place.csv.open("w") as file:
        file.write(",".join(place.contract.columns) + "\n")
        while file.tell() < size:
            file.writelines(rows)
    for name in ("scratch", "quarantine"):
        (place.folder / name).mkdir(exist_ok=True)
    given = [str(place.folder / "scratch"), str(place.folder / "quarantine"), place.contract.text]
    run = subprocess.run([sys.executable, "-c", SCRIPT, *given], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    n_rows, rejected, duplicates, peak = map(int, run.stdout.split())
    assert n_rows > size >> 7
    bad = len(range(0, count, 7))
    assert (rejected, duplicates) == (n_rows // count * bad, n_rows - rejected - (count - bad))
    return peak
