"""Tables that are made: a line, interactions, categories of many values; each of another task."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd


def linear(random: np.random.Generator, n_rows: int) -> pd.DataFrame:
    """A number that is a weighted sum of others and of a category, with noise."""
    numbers = random.normal(size=(n_rows, 12))
    group = random.integers(0, 8, n_rows)
    value = numbers @ np.linspace(-1, 1, 12) + 0.3 * group + random.normal(0, 1, n_rows)
    return frame(numbers, {"group": group}).assign(target=value.round(4))


def interactions(random: np.random.Generator, n_rows: int) -> pd.DataFrame:
    """A yes or no that follows products, steps and a wave."""
    numbers = random.normal(size=(n_rows, 12))
    a, b, c, d, e = numbers.T[:5]
    group = random.integers(0, 8, n_rows)
    logit = a * b + 1.5 * (c > 0.5) * (d < 0) + np.sin(3 * e) + 0.8 * a * (group % 2) - 0.5
    hit = random.random(n_rows) < 1 / (1 + np.exp(-logit))
    return frame(numbers, {"group": group}).assign(target=np.where(hit, "yes", "no"))


def cardinality(random: np.random.Generator, n_rows: int) -> pd.DataFrame:
    """One of three labels that follows categories of thousands of values, and two numbers."""
    numbers = random.normal(size=(n_rows, 6))
    shop = (random.pareto(0.8, n_rows) * 20).astype(int) % 3_000
    item = (random.pareto(0.8, n_rows) * 20).astype(int) % 5_000
    effects = random.normal(0, 1.2, (2, 5_000, 3))
    logits = effects[0, shop] + effects[1, item] + numbers[:, :2] @ random.normal(size=(2, 3))
    label = (logits + random.gumbel(size=(n_rows, 3))).argmax(1)
    return frame(numbers, {"shop": shop, "item": item}).assign(
        target=np.array(["keep", "swap", "stop"])[label]
    )


def wide(n_columns: int) -> Callable[[np.random.Generator, int], pd.DataFrame]:
    """Makes a table of so many columns, one category to four numbers, and a yes or no."""

    def made(random: np.random.Generator, n_rows: int) -> pd.DataFrame:
        numbers = random.normal(size=(n_rows, n_columns * 4 // 5))
        groups = random.integers(0, 8, (n_columns // 5, n_rows))
        logit = numbers[:, :4].sum(1) + 0.3 * groups[0] - 1
        hit = random.random(n_rows) < 1 / (1 + np.exp(-logit))
        named = {f"g{place}": group for place, group in enumerate(groups)}
        return frame(numbers, named).assign(target=np.where(hit, "yes", "no"))

    return made


def frame(numbers: np.ndarray, groups: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Columns n0, n1, … with some gaps, and categories."""
    made = pd.DataFrame({f"n{i}": numbers[:, i].round(4) for i in range(numbers.shape[1])})
    made.loc[np.random.default_rng(1).random(len(made)) < 0.03, "n5"] = None
    return made.assign(**{name: [f"{name}-{v}" for v in values] for name, values in groups.items()})


MADE: Mapping[str, Callable[[np.random.Generator, int], pd.DataFrame]] = {
    "linear": linear,
    "interactions": interactions,
    "cardinality": cardinality,
}
WIDE: Mapping[str, Callable[[np.random.Generator, int], pd.DataFrame]] = {
    "50 columns": wide(50),
    "300 columns": wide(300),
}
