import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import Bundle
from {{ cookiecutter.__package }}.models.challenger import Challenges
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.monitoring.checks import challenger
from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.read_log import Served

from ...serving.live import add_version
from ...synthesized import synthesize
from .windows import Floats, bundle_of, draw, one, served_of, window_of

N = 3_000
NAME = "version 2"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Bundle:
    """A model that version 2 waits beside."""
    folder = tmp_path_factory.mktemp("model")
    bundle, versions = bundle_of(folder, shop, {}), Versions(folder / "bundles", shop.name)
    add_version(folder / "bundles", shop, table=synthesize(shop, 500), serve=False)
    Challenges(versions).start(versions.get(2), "shadow", 1.0)
    return bundle


@pytest.fixture(scope="module")
def week() -> tuple[Floats, Floats]:
    return draw(np.random.default_rng(0), N)


def blurred(chance: Floats, by: float) -> Floats:
    logit = np.log(chance / (1 - chance)) + by * np.random.default_rng(1).normal(size=len(chance))
    return np.asarray(1 / (1 + np.exp(-logit)))


def half(served: Served, odd: bool) -> Served:
    return served[np.flatnonzero(np.arange(len(served)) % 2 == odd)]


def judge(
    bundle: Bundle, ours: Served, theirs: Served | None = None, **given: float
) -> list[Finding]:
    """What is found of version 2 where it has rows."""
    settings = {challenger.KIND: challenger.ChallengerCheckConfig.model_validate(given)}
    others = {} if theirs is None else {2: theirs}
    return challenger.judge(window_of(bundle, ours, others=others, settings=settings))


def test_a_shadow_is_compared_on_the_same_rows(bundle: Bundle, week: tuple[Floats, Floats]) -> None:
    chance, labels = week
    ours, theirs = (served_of(bundle.contract, blurred(chance, by), labels) for by in (1.0, 0.0))
    found = judge(bundle, ours, theirs, threshold=0.2)
    auc = one(found, NAME, "auc")
    assert auc.low is not None
    assert 0 < auc.low < auc.value
    assert {f.part for f in found} == {"divergence", *bundle.task.metrics}
    assert not any(f.breach for f in found)
    worse = one(judge(bundle, theirs, ours), NAME, "auc")
    assert worse.breach
    assert worse.value == pytest.approx(-auc.value)
    assert worse.rows == N


def test_answers_far_apart_are_a_breach_before_any_outcome(
    bundle: Bundle, week: tuple[Floats, Floats]
) -> None:
    unknown = np.full(N, np.nan)
    ours = served_of(bundle.contract, week[0], unknown)
    for output, breach in ((week[0], False), (1 - week[0], True)):
        theirs = served_of(bundle.contract, output, unknown)
        (found,) = judge(bundle, ours, theirs)
        assert (found.part, found.breach) == ("divergence", breach)
        assert found.value == pytest.approx(np.abs(output - week[0]).mean())


def test_a_share_of_the_traffic_is_compared_over_the_same_days(
    bundle: Bundle, week: tuple[Floats, Floats]
) -> None:
    chance, labels = week
    good, bad = (served_of(bundle.contract, blurred(chance, by), labels) for by in (0.0, 3.0))
    found = judge(bundle, half(good, False), half(bad, True))
    assert {f.part for f in found} == set(bundle.task.metrics)  # no row has two answers
    assert one(found, NAME, "auc").breach
    same = judge(bundle, half(good, False), half(good, True))
    assert not one(same, NAME, "auc").breach


def test_few_rows_of_a_challenger_are_not_judged(
    bundle: Bundle, week: tuple[Floats, Floats]
) -> None:
    served = served_of(bundle.contract, *week)
    few = served[np.arange(99)]
    assert judge(bundle, served, few) == []
    assert judge(bundle, served) == []
