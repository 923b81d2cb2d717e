import numpy as np
import pytest
from scipy import stats

from {{ cookiecutter.__package }}.models import effects


def test_the_wasserstein_distance_is_scipys_where_values_lie_on_the_edges() -> None:
    random = np.random.default_rng(1)
    edges = np.array([-1.0, 0.0, 0.5, 3.0])
    a, b = (random.integers(1, 50, 5).astype(float) for _ in range(2))
    a[-1] = b[-1] = 0  # none beyond the last edge
    expected = stats.wasserstein_distance(edges, edges, a[:-1], b[:-1])
    assert effects.wasserstein(a, b, edges) == pytest.approx(expected)


@pytest.mark.parametrize("n", [50, 500])
def test_chance_alone_stays_within_the_margin_in_95_of_100_samples(n: int) -> None:
    random = np.random.default_rng(n)
    shares, edges = np.full(20, 0.05), np.linspace(-2, 2, 19)
    reference = random.multinomial(1_000, shares).astype(float)
    samples = random.multinomial(n, shares, 300).astype(float)
    pairs = [(reference, current) for current in samples]
    shared = [effects.total_variation(*p) <= effects.total_variation_margin(*p) for p in pairs]
    ordered = [
        effects.wasserstein(*p, edges) <= effects.wasserstein_margin(*p, edges) for p in pairs
    ]
    assert min(np.mean(shared), np.mean(ordered)) >= 0.95
