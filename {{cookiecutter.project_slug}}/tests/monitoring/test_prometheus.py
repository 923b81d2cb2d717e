"""The file that the server shows to Prometheus beside its own metrics."""

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from {{ cookiecutter.__package }}.config import (
    Config,
    MonitorConfig,
    TrainConfig,
)
from {{ cookiecutter.__package }}.monitoring import prometheus
from {{ cookiecutter.__package }}.monitoring.finding import Finding

from .conftest import drift, judge_week, update

AUC = Finding(kind="quality", subject="auc", measure="auc", value=0.7, limit=0.6, rows=90)


def test_the_metrics_file_shows_what_is_open_and_what_was_measured_last(
    tmp_path: Path, config: MonitorConfig
) -> None:
    bern = '"Bern"\n'
    findings = (drift(0.3), drift(0.05, subject=bern))
    judge_week(config, 0, *findings, AUC)
    judge_week(config, 1, *findings)
    update(config)
    train = TrainConfig(bundles=tmp_path / "bundles")
    prometheus.write(Config.model_construct(monitor=config, train=train), "shop")
    text = (config.reports / "shop" / prometheus.FILE).read_text()
    samples = {
        (sample.name, sample.labels.get("measure"), sample.labels.get("subject")): sample
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    active = samples["monitoring_alert_active", None, "price"]
    shared = {"model": "shop", "kind": "data_drift"}
    assert active.labels == {**shared, "subject": "price", "severity": "warning"}
    assert active.value == 1
    measured = {**shared, "version": "2", "measure": "wasserstein", "subject": bern}
    assert samples["monitoring_value", "wasserstein", bern].labels == measured
    assert samples["monitoring_value", "wasserstein", bern].value == 0.05
    assert samples["monitoring_limit", "wasserstein", "price"].value == 0.1
    assert samples["monitoring_value", "auc", "auc"].value == 0.7  # labels come later than rows
    ran = samples["monitoring_last_run_timestamp_seconds", None, None]
    assert ran.value == pytest.approx(1.8e9, rel=0.5)
