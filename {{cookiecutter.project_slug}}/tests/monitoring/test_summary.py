from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from {{ cookiecutter.__package }}.config import MonitorConfig
from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.summary import (
    Summary,
    write_metrics,
)

from .alerts.conftest import drift, judge_week, send

AUC = Finding(kind="quality", subject="auc", measure="auc", value=0.7, limit=0.6, rows=90)
SUMMARY = Summary(
    model="shop",
    version=2,
    metric="auc",
    window=None,
    drift=[],
    quality=None,
    quality_window=None,
    alerts=[],
)


def test_the_metrics_file_shows_what_is_open_and_what_was_measured_last(tmp_path: Path) -> None:
    config = MonitorConfig(history=tmp_path / "monitoring.sqlite", reports=tmp_path)
    bern = 'city = "Bern"\n'
    findings = (drift(0.3), drift(0.05, part=bern))
    windows = [judge_week(config, 0, *findings, AUC), judge_week(config, 1, *findings)]
    write_metrics(tmp_path / "metrics.prom", SUMMARY, windows, send(config))
    samples = {
        (sample.name, sample.labels.get("measure"), sample.labels.get("part")): sample
        for family in text_string_to_metric_families((tmp_path / "metrics.prom").read_text())
        for sample in family.samples
    }
    active = samples["monitoring_alert_active", None, ""]
    shared = {"model": "shop", "kind": "data_drift", "subject": "price"}
    assert active.labels == {**shared, "part": "", "severity": "warning"}
    assert active.value == 1
    measured = {**shared, "version": "2", "measure": "psi", "part": bern}
    assert samples["monitoring_value", "psi", bern].labels == measured
    assert samples["monitoring_value", "psi", bern].value == 0.05
    assert samples["monitoring_limit", "psi", ""].value == 0.1
    assert samples["monitoring_value", "auc", ""].value == 0.7  # labels come later than rows
    ran = samples["monitoring_last_run_timestamp_seconds", None, None]
    assert ran.value == pytest.approx(1.8e9, rel=0.5)
