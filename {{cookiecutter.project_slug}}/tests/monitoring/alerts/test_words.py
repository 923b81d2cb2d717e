from dataclasses import replace

import pytest

from {{ cookiecutter.__package }}.monitoring.alerts.decide import Breach
from {{ cookiecutter.__package }}.monitoring.alerts.words import sentence
from {{ cookiecutter.__package }}.monitoring.finding import Finding

from .conftest import drift

AUC = Finding(
    kind="quality",
    subject="auc",
    part="carrier = AA",
    measure="auc",
    value=0.6124,
    low=0.59,
    high=0.64,
    limit=0.7,
    rows=900,
    breach=True,
)
LATE = Finding(
    kind="latency", subject="/predict", measure="p95_ms", value=1340.2, limit=100, rows=9
)
OLD = Finding(kind="staleness", subject="model", measure="days", value=95, limit=90, rows=0)
FAILING = Finding(
    kind="error_rate", subject="/predict", measure="error_rate", value=0.0312, limit=0.01, rows=9
)
ANSWERS = drift(0.3, subject="_score", kind="prediction_drift")


@pytest.mark.parametrize(
    ("finding", "told"),
    [
        (drift(0.3119), "price drifts: PSI 0.312, ordinary up to 0.100"),
        (ANSWERS, "answers drift: PSI 0.300, ordinary up to 0.100"),
        (
            AUC,
            "quality fell among carrier = AA: AUC 0.612 (0.590 to 0.640), ordinary down to 0.700",
        ),
        (LATE, "/predict is slow: p95 1,340 ms, ordinary up to 100 ms"),
        (OLD, "the model is stale: 95 days, ordinary up to 90 days"),
        (FAILING, "/predict fails: error rate 3.1 %, ordinary up to 1.0 %"),
        (
            drift(0.9, gross="new category 'XX' in 31 % of rows"),
            "price drifts: new category 'XX' in 31 % of rows",
        ),
    ],
)
def test_a_sentence_says_what_changed_by_how_much_where_and_since_when(
    finding: Finding, told: str
) -> None:
    breach = Breach(finding=finding, since="2024-01-08", times=2, of=3)
    assert sentence(breach) == f"{told}, since 2024-01-08 (2 of the last 3 windows)"
    assert sentence(replace(breach, times=1, of=1)) == f"{told}, since 2024-01-08"


def test_text_of_callers_cannot_break_the_line_or_move_the_cursor() -> None:
    finding = drift(0.9, gross="new category 'a\r\nBcc: all@example.org\x1b[2J' in 31 % of rows")
    told = sentence(Breach(finding=finding, since="a", times=1, of=1))
    assert told.isprintable()
    assert "'a Bcc: all@example.org [2J'" in told
