"""The rules and the configuration as Prometheus itself reads them."""

import os
import subprocess

import pytest

from .conftest import PROMETHEUS
from .test_metric_names import rules


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


@pytest.mark.skipif("TEST_PROMTOOL" not in os.environ, reason="TEST_PROMTOOL names no program")
def test_the_rules_are_valid_and_each_fires_in_its_situation_and_is_silent_in_others() -> None:
    assert f"{len(rules())} rules found" in promtool("check", "config", "prometheus.yml")
    promtool("test", "rules", "rules_test.yml")
    text = (PROMETHEUS / "rules_test.yml").read_text()
    assert [rule["alert"] for rule in rules() if rule["alert"] not in text] == []
