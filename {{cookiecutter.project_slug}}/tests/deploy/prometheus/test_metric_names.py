"""Every metric and label that a rule or a panel names is one that a real server exports."""

import json
import os
import re
import subprocess
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from {{ cookiecutter.__package }}.contract import Contract

from ...conftest import ROOT
from ...serving.conftest import ROW, serve_config
from ...serving.live import add_version, live
from .promql import named

PROMETHEUS = ROOT / "deploy" / "prometheus"
DASHBOARD = PROMETHEUS / "grafana" / "dashboard.json"
FOUND = """\
# TYPE monitoring_alert_active gauge
monitoring_alert_active{model="shop",kind="quality",subject="auc",severity="critical"} 1
# TYPE monitoring_value gauge
monitoring_value{model="shop",version="1",kind="quality",subject="auc",measure="auc"} 0.61
# TYPE monitoring_limit gauge
monitoring_limit{model="shop",version="1",kind="quality",subject="auc",measure="auc"} 0.65
# TYPE monitoring_last_run_timestamp_seconds gauge
monitoring_last_run_timestamp_seconds{model="shop"} 1.7e+09
# TYPE monitoring_window_end_timestamp_seconds gauge
monitoring_window_end_timestamp_seconds{model="shop"} 1.7e+09
"""
TARGET = {"job", "instance"}
SHOWN = re.compile(r"\$labels\.(\w+)|[{]{2}(\w+)[}]{2}")
# What Prometheus itself makes: whether a target answered, and what its rules found.
OF_ALERTS = {"alertname", "alertstate", "severity", "kind", "subject"}
OWN = {"up": TARGET, "ALERTS": TARGET | OF_ALERTS}


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    dashboard: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def asked() -> list[tuple[str, str, str]]:
    """Where an expression stands, the expression, and what is made of the result's labels."""
    texts = [
        (rule["alert"], rule["expr"], " ".join(rule["annotations"].values())) for rule in rules()
    ]
    for panel in panels():
        texts += [(panel["title"], t["expr"], t["legendFormat"]) for t in panel["targets"]]
    dashboard = json.loads(DASHBOARD.read_text())
    texts += [(a["name"], a["expr"], a["textFormat"]) for a in dashboard["annotations"]["list"]]
    for variable in dashboard["templating"]["list"]:
        if found := re.fullmatch(r"label_values\((.*), (\w+)\)", variable.get("definition", "")):
            texts.append((variable["name"], found[1], f"$labels.{found[2]}"))
    return texts


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> dict[str, set[str]]:
    """Labels by metric of a server that has answered, refused and been asked for what is not there."""
    config = serve_config(tmp_path_factory.mktemp("watched"))
    add_version(config.bundles, shop)
    assert config.reports is not None
    (config.reports / "shop").mkdir(parents=True)
    (config.reports / "shop" / "metrics.prom").write_text(FOUND)
    with live(config) as client:
        for path, rows in (("/predict", [ROW]), ("/predict", []), ("/no/such/path", [])):
            client.post(path, json={"rows": rows})
        text = client.get("/metrics").text
    labels: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels.setdefault(sample.name, set(TARGET)).update(sample.labels)
    return labels | OWN


def test_every_metric_of_a_rule_or_a_panel_is_exported_with_its_labels(
    exported: dict[str, set[str]],
) -> None:
    assert len(asked()) > 30
    for where, expression, shown in asked():
        found = named(expression)
        assert found.metrics, where
        assert found.metrics.keys() <= exported.keys(), where
        for metric, labels in found.metrics.items():
            assert labels <= exported[metric], (where, metric)
        known = set().union(*(exported[metric] for metric in found.metrics))
        assert found.grouping <= known, where
        assert {rule or legend for rule, legend in SHOWN.findall(shown)} <= known, where


def test_what_no_rule_and_no_panel_names_is_known(exported: dict[str, set[str]]) -> None:
    used = {metric for _, expression, _ in asked() for metric in named(expression).metrics}
    parts = re.compile(r".*_(created|count|sum)")
    spare = {name for name in exported.keys() - used if not parts.fullmatch(name)}
    assert spare == {"monitoring_window_end_timestamp_seconds"}


def test_the_dashboard_can_be_imported() -> None:
    text = DASHBOARD.read_text()
    dashboard = json.loads(text)
    assert dashboard["uid"]
    assert dashboard["id"] is None  # Grafana gives one
    assert dashboard["schemaVersion"] >= 39  # of Grafana 11
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}
    assert set(re.findall(r"\$\{?(\w+)", text)) - {"__rate_interval", "__all"} == variables
    every = dashboard["panels"]
    assert len({panel["id"] for panel in every}) == len(every)
    for panel in panels():
        assert panel["description"], panel["title"]
        used = {target["datasource"]["uid"] for target in [panel, *panel["targets"]]}
        assert used == {"${datasource}"}


@pytest.mark.skipif("TEST_PROMTOOL" not in os.environ, reason="TEST_PROMTOOL names no program")
def test_the_rules_are_valid_and_each_fires_in_its_situation_and_is_silent_in_others() -> None:
    for words in (("check", "config", "prometheus.yml"), ("test", "rules", "rules_test.yml")):
        program = [os.environ["TEST_PROMTOOL"], *words]
        done = subprocess.run(program, cwd=PROMETHEUS, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    text = (PROMETHEUS / "rules_test.yml").read_text()
    assert [rule["alert"] for rule in rules() if rule["alert"] not in text] == []
