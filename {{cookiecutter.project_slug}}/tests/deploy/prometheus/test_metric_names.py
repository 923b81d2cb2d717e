"""Every metric and label that a rule or a panel names is one that a real server exports."""

import json
import re
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from .conftest import DASHBOARD, PROMETHEUS
from .promql import named

TARGET = {"job", "instance"}
SHOWN = re.compile(r"\$labels\.(\w+)|[{]{2}(\w+)[}]{2}")
# What Prometheus itself makes: whether a target answered, and what its rules found.
OF_ALERTS = {"alertname", "alertstate", "severity", "kind", "subject", "part"}
OWN = {"up": TARGET, "ALERTS": TARGET | OF_ALERTS}


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    dashboard: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return list(dashboard["panels"])


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
def exported(watched: httpx.Client) -> dict[str, set[str]]:
    """Labels by metric, as Prometheus would know them."""
    text = watched.get("/metrics").text
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


def test_the_dashboard_can_be_imported() -> None:
    text = DASHBOARD.read_text()
    dashboard = json.loads(text)
    assert dashboard["uid"]
    assert dashboard["id"] is None  # Grafana gives one
    assert dashboard["schemaVersion"] >= 39  # of Grafana 11
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}
    assert set(re.findall(r"\$\{?(\w+)", text)) - {"__rate_interval", "__all"} == variables
    assert len({panel["id"] for panel in panels()}) == len(panels())
    for panel in panels():
        assert panel["description"], panel["title"]
        used = {target["datasource"]["uid"] for target in [panel, *panel["targets"]]}
        assert used == {"${datasource}"}
