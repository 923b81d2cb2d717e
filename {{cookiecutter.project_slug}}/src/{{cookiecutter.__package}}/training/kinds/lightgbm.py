"""Gradient-boosted trees by LightGBM (Ke et al., 2017), exported into the one graph."""

import os
import re
from functools import partial
from typing import Annotated, Any

import lightgbm
import numpy as np
import numpy.typing as npt
from onnxmltools.convert import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType
from pydantic import Field

from ...config import Positive, Section
from ...models.trees import Matrices, Matrix, Trees, raw_ensemble
from ..rows import Examples
from . import Fitted, TrainingSet

STOPS_ON = {"binary": "binary_logloss", "multiclass": "multi_logloss", "regression": "l2"}
FEW_ROWS = 10_000  # fewer are not worth a second thread, says LightGBM's own manual
OPSET = 15  # the converter's; only the trees are taken from what it makes


class Settings(Section):
    """``train.model`` of kind ``lightgbm``; all but the first two by LightGBM's own names."""

    trees: Positive = 1000
    """Most trees; validation rows say when to stop."""
    patience: Positive = 50
    """Trees without a better validation score before training stops."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.05
    """What each tree adds."""
    num_leaves: Annotated[int, Field(ge=2)] = 31
    """Most leaves of a tree."""
    min_data_in_leaf: Positive = 20
    """Fewest rows of a leaf."""
    feature_fraction: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Share of the columns that each tree may split on, drawn by the seed."""
    bagging_fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the rows that each tree learns, drawn by the seed."""
    lambda_l2: Annotated[float, Field(ge=0)] = 0.0
    """L2 penalty on the values of leaves."""


def fit(training: TrainingSet, settings: Settings) -> Fitted:
    """Boost until validation rows gain nothing more; categories are split as sets of codes."""
    matrices, width = Matrices(training.train.numbers), training.head.width
    train, held_out = _dataset(training, training.train, matrices), []
    n_trees = training.rounds or settings.trees
    scores: dict[str, dict[str, list[float]]] = {}
    callbacks: list[Any] = [lightgbm.record_evaluation(scores)]
    if training.held_out is not None:
        held_out = [_dataset(training, training.held_out, matrices, train)]
        callbacks.append(lightgbm.early_stopping(settings.patience, verbose=False))
    booster = lightgbm.train(
        _parameters(training, settings),
        train,
        n_trees,
        valid_sets=held_out,
        callbacks=callbacks,
    )
    best = booster.best_iteration if booster.best_iteration > 0 else n_trees
    text = floor_thresholds(booster.model_to_string(num_iteration=best))
    floored = lightgbm.Booster(model_str=text)

    def predict(matrix: Matrix) -> npt.NDArray[np.float64]:
        return np.asarray(floored.predict(matrix, raw_score=True)).reshape(len(matrix), width)

    curves = {f"validation_{name}": curve for name, curve in scores.get("valid_0", {}).items()}
    return Fitted(
        body=Trees(matrices, predict=predict, node=partial(_node, floored, width), width=width),
        rounds=best,
        last_round=max(map(len, curves.values()), default=n_trees),
        curves=curves,
        refits=True,
    )


def floor_thresholds(text: str) -> str:
    """A model's text with thresholds rounded down to float32.

    Thresholds are doubles and the graph's are floats; rounded to the nearest, some would send
    float32 values that equal them the other way. Rounded down, no float32 value goes elsewhere.
    """

    def floor(line: re.Match[str]) -> str:
        exact = np.array(line.group(1).split(), np.float64)
        near = exact.astype(np.float32)
        down = np.where(near > exact, np.nextafter(near, np.float32(-np.inf)), near)
        return "threshold=" + " ".join(repr(float(value)) for value in down)

    floored = re.sub(r"^threshold=(.+)$", floor, text, flags=re.MULTILINE)
    return re.sub(r"^tree_sizes=.*\n", "", floored, flags=re.MULTILINE)  # they changed


def _parameters(training: TrainingSet, settings: Settings) -> dict[str, Any]:
    task, own = training.contract.task, settings.model_dump(exclude={"trees", "patience"})
    if task == "multiclass":
        own["num_class"] = training.head.width
    return own | {
        "objective": task,
        "metric": STOPS_ON[task],
        "bagging_freq": 1,
        "seed": training.settings.seed,
        # said, since torch's one thread would be its default; any number grows the same trees
        "num_threads": 1 if len(training.train) < FEW_ROWS else os.cpu_count() or 1,
        "deterministic": True,
        "force_col_wise": True,
        "verbosity": -1,
    }


def _dataset(
    training: TrainingSet, examples: Examples, matrices: Matrices, reference: Any = None
) -> Any:
    numbers, codes = examples.numbers, examples.codes
    n_numbers, n_columns = numbers.shape[1], numbers.shape[1] + codes.shape[1]
    return lightgbm.Dataset(
        matrices(numbers, codes).numpy(),
        training.head.targets(examples.labels).double().numpy(),
        categorical_feature=list(range(n_numbers, n_columns)),
        reference=reference,
        # The sample that bins are cut by also decides which columns have gaps: take every row.
        params={"bin_construct_sample_cnt": len(training.train), "verbosity": -1},
    )


def _node(booster: Any, width: int) -> Any:
    types = [("matrix", FloatTensorType([None, booster.num_feature()]))]
    converted = convert_lightgbm(booster, initial_types=types, zipmap=False, target_opset=OPSET)
    return raw_ensemble(converted, width)
