"""The program's first part: a contract row to the numbers and codes that a model learns from."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from ..contract import Contract
from ..errors import ConfigError
from ..values import MISSING_CATEGORY, MISSING_TIME
from .calendar import YEAR_S, Calendar
from .columns import UNSEEN, Columns
from .features import features
from .inputs import Inputs, Texts

EXACT_IN_FLOAT32 = 2**24
MIN_COUNT = 10


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Rows as a model's body takes them."""

    numbers: Tensor
    """``[rows, columns]`` float32: the contract's, the calendar's and those of ``features.py``."""
    codes: Tensor
    """``[rows, categories]`` int64."""

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, rows: slice | Tensor) -> "Prepared":
        return Prepared(numbers=self.numbers[rows], codes=self.codes[rows])


class Preprocess(nn.Module):
    """Numbers, calendar and the owner's features side by side; category text becomes codes."""

    limits: Tensor

    def __init__(
        self,
        contract: Contract,
        calendar: Calendar,
        vocabularies: Sequence[Sequence[str]],
        sizes: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.numeric, self.times = contract.numeric, contract.times
        self.category = contract.category
        self.calendar = calendar
        self.vocabularies = vocabularies
        lengths = [len(vocabulary) + 1 for vocabulary in vocabularies]
        self.sizes = lengths if sizes is None else list(sizes)
        """How many codes a model sees of each category, that of unseen values among them."""
        self.has_more = self.sizes != lengths  # those that features.py alone sees
        self.register_buffer("limits", torch.tensor(self.sizes, dtype=torch.int64))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What the columns of ``numbers`` are."""
        return tuple(self._numbers(self._columns(self._blank_row())))

    @cached_property
    def named(self) -> set[tuple[str, str]]:
        """The categories' values that ``features.py`` names.

        Raises:
            ConfigError: it asks for a column that there is not.
        """
        columns = self._columns(self._blank_row())
        try:
            features(columns)
        except KeyError as error:
            numbers, times, categories = (
                ", ".join(names) or "none" for names in (self.numeric, self.times, self.category)
            )
            raise ConfigError(
                f"models/features.py asks for {error}, which is no such feature of the contract."
                f" There are numbers: {numbers}; times (calendar parts and .seconds): {times};"
                f" categories (.codes and .is_in): {categories}. Change features.py, or"
                " configs/contract.yaml"
            ) from None
        return columns.named

    def _blank_row(self) -> dict[str, Tensor]:
        return {
            "numeric": torch.zeros(1, len(self.numeric)),
            "codes": torch.zeros(1, len(self.category), dtype=torch.int64),
            "time": torch.zeros(1, len(self.times), dtype=torch.int64),
        }

    def _columns(self, inputs: dict[str, Tensor]) -> Columns:
        """A batch as ``features.py`` sees it."""
        numbers = {name: inputs["numeric"][:, i] for i, name in enumerate(self.numeric)}
        seconds = {}
        for index, name in enumerate(self.times):
            time = inputs["time"][:, index]
            numbers |= self.calendar(name, time)
            seconds[name] = torch.where(time == MISSING_TIME, torch.nan, time.double())
        return Columns(
            numbers=numbers,
            seconds=seconds,
            codes={name: inputs["codes"][:, i] for i, name in enumerate(self.category)},
            vocabularies=dict(zip(self.category, self.vocabularies, strict=True)),
        )

    def _numbers(self, columns: Columns) -> dict[str, Tensor]:
        """The contract's, the calendar's, and the features, which may replace any of them."""
        added = {name: column.float() for name, column in features(columns).items()}
        return {**columns.numbers, **added}

    def forward(self, inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Numbers and codes from the groups ``numeric``, ``codes`` and ``time``; a group without
        columns is left out, and comes back as ``[batch, 0]``.
        """
        columns, none = self._columns(inputs), next(iter(inputs.values()))[:, :0]
        numbers, codes = self._numbers(columns), inputs.get("codes", none.long())
        if self.has_more:
            codes = torch.where(codes < self.limits, codes, UNSEEN)
        group = none.float()
        if all(numbers[name] is columns.numbers[name] for name in self.numeric):
            group = inputs.get("numeric", group)  # one by one they would cost the graph steps
            numbers = {n: column for n, column in numbers.items() if n not in self.numeric}
        return torch.cat([group, *(column.unsqueeze(1) for column in numbers.values())], 1), codes

    def tensors(self, inputs: Inputs) -> dict[str, Tensor]:
        """The groups that ``forward`` takes: those that have columns."""
        codes = np.empty(inputs.category.shape, np.int64)
        for index, vocabulary in enumerate(self.vocabularies):
            code = {value: number for number, value in enumerate(vocabulary, start=UNSEEN + 1)}
            codes[:, index] = [code.get(value, UNSEEN) for value in inputs.category[:, index]]
        groups = {
            "numeric": torch.from_numpy(inputs.numeric),
            "codes": torch.from_numpy(codes),
            "time": torch.from_numpy(inputs.time),
        }
        return {name: group for name, group in groups.items() if group.shape[1]}

    @torch.no_grad()
    def prepare(self, inputs: Inputs) -> Prepared:
        """Rows up to the body, for training it on them many times."""
        numbers, codes = self(self.tensors(inputs))
        return Prepared(numbers=numbers, codes=codes)


def fit_preprocess(contract: Contract, inputs: Inputs) -> Preprocess:
    """Fit calendar and vocabularies on training rows.

    Raises:
        ConfigError: an integer feature is too large for float32 to tell its values apart, or
            ``features.py`` asks for a column that there is not.
    """
    _refuse_large_integers(contract, inputs)
    known = inputs.time[inputs.time != MISSING_TIME]
    calendar = Calendar(contract.zone, yearly=bool(len(known)) and int(np.ptp(known)) >= YEAR_S)
    frequent = [fit_vocabulary(column) for column in inputs.category.T]
    named = Preprocess(contract, calendar, frequent).named
    vocabularies = [
        [*values, *sorted({text for column, text in named if column == name} - set(values))]
        for name, values in zip(contract.category, frequent, strict=True)
    ]
    return Preprocess(contract, calendar, vocabularies, [len(values) + 1 for values in frequent])


def fit_vocabulary(values: Texts) -> list[str]:
    """The values of one category that occur often enough to be learned, most frequent first."""
    counts = Counter(values.tolist())
    often = [value for value, n in counts.items() if n >= min(MIN_COUNT, len(values))]
    ranked = sorted(often, key=lambda value: (-counts[value], value))
    return ranked if MISSING_CATEGORY in ranked else [*ranked, MISSING_CATEGORY]


def _refuse_large_integers(contract: Contract, inputs: Inputs) -> None:
    for index, name in enumerate(contract.numeric):
        largest = np.nanmax(np.abs(inputs.numeric[:, index]), initial=0)
        if contract.columns[name].type == "integer" and largest > EXACT_IN_FLOAT32:
            raise ConfigError(
                f"columns.{name}: integers as large as {largest:.0f} lose digits in float32;"
                " make it 'role: metadata' if it names things, or 'type: category', or subtract"
                " a constant in data/transform.py"
            )
