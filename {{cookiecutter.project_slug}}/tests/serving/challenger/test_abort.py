"""The rules by which a challenger is ended, on numbers."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from {{ cookiecutter.__package }}.serving.challenger.abort import (
    Figures,
    broken,
    divergence,
    figures,
    hung,
)
from {{ cookiecutter.__package }}.serving.challenger.settings import (
    AbortConfig,
)
from {{ cookiecutter.__package }}.serving.challenger.tally import (
    Pairs,
    Run,
    Tally,
)

RULES = AbortConfig()
ADD = """
import sys
from pathlib import Path
from {module} import Run, Tally
tally = Tally(5000, Path(sys.argv[1]))
for _ in range(500):
    tally.add(Run(failed=False, seconds=1.0, place=2), Run(failed=True, seconds=2.0))
"""


def pairs(
    *, failed: int = 0, ms: float = 1.0, places: tuple[int, ...] = (3, 4, 5), n: int = 200
) -> Pairs:
    """Requests that the champion answered in 1 ms, from the bins 3 to 5 in turn."""
    tally = Tally(n, None)
    for number in range(n):
        place = float(places[number % len(places)])
        fails = number < failed
        challenger = Run(failed=fails, seconds=ms / 1e3, place=-1.0 if fails else place)
        tally.add(challenger, Run(failed=False, seconds=0.001, place=3.0 + number % 3))
    return tally.pairs()


def rule(found: Pairs) -> str | None:
    """The rule that was broken."""
    fault = broken(figures(found, 12), RULES)
    return fault.rule if fault else None


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (pairs(), None),
        (pairs(failed=2), None),
        (pairs(failed=3), "max_error_rate"),
        (pairs(failed=200), "max_error_rate"),
        (pairs(ms=2.9), None),
        (pairs(ms=3.1), "max_latency_ratio"),
        (pairs(places=(4, 5, 6)), None),
        (pairs(places=(9, 10, 10)), "max_divergence"),
        (pairs(failed=60, n=60), None),
        (np.zeros((0, 6)), None),
    ],
)
def test_each_rule_has_its_limit(found: Pairs, expected: str | None) -> None:
    assert rule(found) == expected


def test_what_fails_in_the_champion_too_is_not_the_challengers_fault() -> None:
    tally = Tally(100, None)
    for _ in range(100):
        tally.add(Run(failed=True, seconds=0.001), Run(failed=True, seconds=0.001))
    assert rule(tally.pairs()) is None


def test_what_is_quick_is_never_too_slow_and_what_hangs_is_told() -> None:
    found = Figures(requests=500, ms=2.0, champion_ms=0.05)
    assert broken(found, RULES) is None
    assert hung(9.9, RULES) is None
    fault = hung(10.1, RULES)
    assert fault is not None
    assert "has not come to an end" in fault.reason


@pytest.mark.parametrize("n", [100, 1_000])
def test_the_same_scores_by_chance_apart_hardly_ever_diverge(n: int) -> None:
    random = np.random.default_rng(0)
    draws = random.multinomial(n, [0.1] * 10 + [0, 0], (2_000, 2)).astype(float)
    found = [divergence(one, other, ordered=False) for one, other in draws]
    assert np.mean(np.array(found) > 0) <= 0.01
    assert max(found) < RULES.max_divergence / 2


def test_half_a_standard_deviation_is_within_the_rule_and_a_whole_one_beyond() -> None:
    random = np.random.default_rng(0)
    scores = random.normal(size=100_000)
    edges = np.quantile(scores, np.arange(1, 10) / 10)

    def counts(shift: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        where = np.searchsorted(edges, random.normal(shift, size=1_000))
        return np.bincount(where, minlength=12).astype(float)

    assert divergence(counts(0), counts(0.5)) < RULES.max_divergence
    assert divergence(counts(0), counts(1.0)) > RULES.max_divergence


def test_a_hairs_breadth_over_an_edge_is_no_divergence() -> None:
    one, other = np.zeros(12), np.zeros(12)
    one[4], other[5] = 500, 500
    assert divergence(one, other) == 0
    assert divergence(one, other, ordered=False) > 5


def test_a_tally_holds_the_newest() -> None:
    tally = Tally(10, None)
    for number in range(25):
        tally.add(Run(failed=False, seconds=number), Run(failed=False, seconds=-number))
    assert sorted(tally.pairs()[:, 1]) == list(range(15, 25))
    assert len(Tally(10, None).pairs()) == 0


def test_processes_add_to_one_tally(tmp_path: Path) -> None:
    path = tmp_path / "tally"
    command = [sys.executable, "-c", ADD.format(module=Tally.__module__), str(path)]
    running = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    found = Tally(5_000, path).pairs()
    assert found.shape == (1_500, 6)
    assert np.unique(found, axis=0).tolist() == [[0, 1, 2, 1, 2, -1]]
