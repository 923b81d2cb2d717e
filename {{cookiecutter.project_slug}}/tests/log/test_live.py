"""The log is read whole, whatever its files are and whatever is compacted meanwhile."""

import gzip
import json
from pathlib import Path

from {{ cookiecutter.__package }}.log.live import (
    PREDICTIONS,
    open_file,
    read_rows,
)

TORN = b'{"request_id": "torn", "rows": [{"order": "o-1", "city": "Ly'
HOSTILE = [
    TORN,
    b"[" * 100_000,
    b"\xff\xfe",
    b'{"request_id": "r-1"}',
    b'{"request_id": "r-1", "rows": "x", "probability": [0.1]}',
    b'{"request_id": "r-1", "rows": [3], "probability": [0.1]}',
    b'{"request_id": "r-1", "rows": [{}], "probability": [0.1, 0.2]}',
    b'{"request_id": "r-1", "rows": [{}], "probability": [0.1], "value": [2]}',
]


def test_rows_are_read_from_every_day_and_process_also_while_a_file_is_compacted(
    tmp_path: Path,
) -> None:
    """Lines and files that are not ours are skipped."""
    for number, name in enumerate(("05-01-7", "05-01-8", "05-02-7")):
        rows = [{"order": f"o-{number}"}, {"order": "o-9"}]
        record = {"request_id": f"r-{number}", "rows": rows, "probability": [0.1, 0.2]}
        line = json.dumps(record).encode()
        path = tmp_path / f"{PREDICTIONS}-2024-{name}.jsonl"
        path.write_bytes(b"\n".join([*HOSTILE, line, *HOSTILE]))
        for other in (f"labels-2024-{name}.jsonl", f".{path.name}.x", f"{path.name}.tmp"):
            (tmp_path / other).write_bytes(line)
    before = list(read_rows(tmp_path))
    orders = [row["columns"]["order"] for row in before]
    assert sorted(orders) == ["o-0", "o-1", "o-2", "o-9", "o-9", "o-9"]
    assert [row["columns"]["order"] for row in read_rows(tmp_path, "r-1")] == ["o-1", "o-9"]
    for path in tmp_path.glob(f"{PREDICTIONS}-*.jsonl"):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        assert list(read_rows(tmp_path)) == before
        path.unlink()
        assert list(read_rows(tmp_path)) == before
        with open_file(path) as file:  # listed before it was compacted
            assert file.readline()
