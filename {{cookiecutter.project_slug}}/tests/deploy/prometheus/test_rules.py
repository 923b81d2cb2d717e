"""The rules and the configuration as Prometheus itself reads them, and a Prometheus that scrapes."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from ...serving.live import until
from .conftest import FOUND, PROMETHEUS, Watched
from .test_metric_names import asked, rules

PROGRAMS = ("TEST_PROMTOOL", "TEST_PROMETHEUS")
pytestmark = pytest.mark.skipif(
    not all(map(os.environ.get, PROGRAMS)), reason=f"{' and '.join(PROGRAMS)} name no programs"
)
CALM = FOUND.replace(FOUND.splitlines(keepends=True)[1], "")


def promtool(*arguments: str) -> str:
    """What promtool says; it fails the test where it refuses."""
    done = subprocess.run(
        [os.environ["TEST_PROMTOOL"], *arguments],
        cwd=PROMETHEUS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_rules_are_valid_and_each_fires_in_its_situation_and_is_silent_in_others() -> None:
    assert f"{len(rules())} rules found" in promtool("check", "config", "prometheus.yml")
    promtool("test", "rules", "rules_test.yml")
    text = (PROMETHEUS / "rules_test.yml").read_text()
    assert [rule["alert"] for rule in rules() if rule["alert"] not in text] == []


@contextmanager
def prometheus(folder: Path, target: str) -> Iterator[httpx.Client]:
    """A Prometheus with the project's configuration, but that it looks each second."""
    shutil.copytree(PROMETHEUS, folder / "configured")
    path = folder / "configured" / "prometheus.yml"
    text = path.read_text()
    assert text.count("_interval: 15s") == 2
    path.write_text(text.replace("_interval: 15s", "_interval: 1s"))
    (folder / "configured" / "targets.yml").write_text(json.dumps([{"targets": [target]}]))
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [
        os.environ["TEST_PROMETHEUS"],
        f"--config.file={path}",
        f"--storage.tsdb.path={folder / 'series'}",
        f"--web.listen-address={address}",
        "--log.level=error",
    ]
    process = subprocess.Popen(command)
    try:
        with httpx.Client(base_url=f"http://{address}/api/v1", timeout=30) as client:
            yield client
    finally:
        process.terminate()
        process.wait(30)


def query(client: httpx.Client, expression: str) -> list[dict[str, Any]]:
    """Samples of an expression; none while Prometheus starts."""
    try:
        answer = client.get("/query", params={"query": expression})
    except httpx.TransportError:
        return []
    if answer.status_code == 503:
        return []
    content = answer.json()
    assert content["status"] == "success", (expression, content)
    samples: list[dict[str, Any]] = content["data"]["result"]
    return samples


@pytest.mark.slow
def test_prometheus_scrapes_the_server_and_tells_of_what_is_wrong(
    tmp_path: Path, watched: Watched
) -> None:
    url, file = watched.client.base_url, watched.reports / "shop" / "metrics.prom"
    file.write_text(CALM)
    with prometheus(tmp_path, f"127.0.0.1:{url.port}") as client:

        def firing() -> set[str]:
            found = query(client, 'ALERTS{alertstate="firing"}')
            return {sample["metric"]["alertname"] for sample in found}

        def value(expression: str) -> float | None:
            samples = query(client, expression)
            return float(samples[0]["value"][1]) if samples else None

        until(lambda: value('up{job="predictor"}') == 1, "the first scrape")
        until(lambda: value("server_ready") == 1, "a server that is ready")
        until(lambda: firing() == {"MonitoringNotRun"}, "monitoring, last run in 2023")
        file.write_text(FOUND)
        until(lambda: firing() == {"MonitoringNotRun", "MonitoringAlert"}, "monitoring's alert")
        told = client.get("/alerts").json()["data"]["alerts"]
        (alert,) = (alert for alert in told if alert["labels"]["alertname"] == "MonitoringAlert")
        assert alert["labels"]["severity"] == "critical"
        assert alert["annotations"]["summary"] == "shop: quality of auc "
        file.write_text(CALM)
        until(lambda: firing() == {"MonitoringNotRun"}, "the alert's end")

        for where, expression, _ in asked():
            plain = expression.replace("$__rate_interval", "1m")
            for name in ("instance", "model"):
                plain = plain.replace(f"${name}", ".*")
            query(client, plain)
            assert "$" not in plain, where
