"""Monitoring's metrics in the server's: as they were written, or not at all."""

import logging
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.serving.monitored import (
    MOST_BYTES,
    Monitored,
)

from .conftest import serve_config
from .live import add_version, live

SOUND = (
    "# HELP monitoring_value Newest.\n# TYPE monitoring_value gauge\n"
    'monitoring_value{model="shop",subject="say \\"größe\\" \\\\ \\n{a,b}",part=""} 1.5e-07\n'
    'monitoring_value{model="shop",subject="b",part="c = d"} NaN\n'
    "monitoring_plain -Inf\n\n"
)


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "shop" / "metrics.prom"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_one_scrape_shows_the_server_and_what_monitoring_found(
    tmp_path: Path, shop: Contract
) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, shop)
    with live(config) as client:
        assert "monitoring" not in client.get("/metrics").text
        written(tmp_path / "reports", SOUND)
        text = client.get("/metrics").text
        assert text.endswith(SOUND)
        families = {family.name for family in text_string_to_metric_families(text)}
        assert families >= {"requests", "workers", "monitoring_value"}
        written(tmp_path / "reports", "monitoring_value 2\n")
        assert client.get("/metrics").text.endswith("\nmonitoring_value 2\n")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("monitoring_value 1\nmonitoring_val", "line 2"),
        ("monitoring_value 1", "line 1"),
        ("requests_total 1\n", "line 1"),
        ("monitoring_value one\n", "line 1"),
        ('monitoring_value{a="b} 1\n', "line 1"),
        ('monitoring_value{a="\\d"} 1\n', "line 1"),
        ("# TYPE monitoring_value soup\n", "line 1"),
        ("monitoring_value 1\r\n", "line 1"),
        ("monitoring_value 1\n" * (MOST_BYTES // 19 + 1), "1,000,000 bytes"),
        (b"# HELP monitoring_value \xff\n", "utf-8"),
        (b"\0" * 100, "line 1"),
    ],
    ids=range(11),
)
def test_a_damaged_file_is_left_out_and_told_of_once(
    tmp_path: Path, content: str | bytes, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    written(tmp_path, content)
    monitored = Monitored(tmp_path)
    with caplog.at_level(logging.WARNING):
        assert {monitored.exposition("shop") for _ in range(3)} == {b""}
    (message,) = caplog.messages
    assert why in message
    assert "make monitor writes it anew" in message
    written(tmp_path, SOUND)
    assert monitored.exposition("shop") == SOUND.encode()


def test_without_reports_or_a_model_there_is_nothing(tmp_path: Path) -> None:
    assert Monitored(None).exposition("shop") == b""
    assert Monitored(tmp_path).exposition(None) == b""
    assert Monitored(tmp_path).exposition("shop") == b""
    (tmp_path / "shop" / "metrics.prom").mkdir(parents=True)
    assert Monitored(tmp_path).exposition("shop") == b""
