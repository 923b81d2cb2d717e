"""The program's first part: a contract row to the numbers and codes that a model learns from."""

from collections import Counter
from collections.abc import Collection, Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from ..contract import Contract
from ..errors import ConfigError
from ..values import MISSING_CATEGORY, MISSING_TIME
from .columns import UNSEEN, YEAR_S, Calendar, Columns
from .features import features
from .inputs import Inputs, Texts

MIN_COUNT = 10


class Preprocess(nn.Module):
    """Numbers, calendar and the owner's features side by side; category text becomes codes."""

    def __init__(
        self, contract: Contract, calendar: Calendar, vocabularies: Sequence[Sequence[str]]
    ) -> None:
        super().__init__()
        self.contract = contract
        self.calendar = calendar
        self.vocabularies = vocabularies

    @property
    def sizes(self) -> list[int]:
        """How many codes each category has, that of unseen values among them."""
        return [len(vocabulary) + 1 for vocabulary in self.vocabularies]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What the columns of ``numbers`` are."""
        columns = self.blank_columns()
        return (*columns.numbers, *features(columns))

    def blank_columns(self) -> Columns:
        """One row of zeros, for asking what ``features.py`` does."""
        return self._columns(
            {
                "numeric": torch.zeros(1, len(self.contract.numeric)),
                "codes": torch.zeros(1, len(self.contract.category), dtype=torch.int64),
                "time": torch.zeros(1, len(self.contract.times), dtype=torch.int64),
            }
        )

    def _columns(self, inputs: dict[str, Tensor]) -> Columns:
        """A batch as ``features.py`` sees it."""
        contract, seconds = self.contract, {}
        numbers = {name: inputs["numeric"][:, i] for i, name in enumerate(contract.numeric)}
        for index, name in enumerate(contract.times):
            time = inputs["time"][:, index]
            numbers |= self.calendar(name, time)
            seconds[name] = torch.where(time == MISSING_TIME, torch.nan, time.double())
        return Columns(
            numbers=numbers,
            seconds=seconds,
            codes={name: inputs["codes"][:, i] for i, name in enumerate(contract.category)},
            vocabularies=dict(zip(contract.category, self.vocabularies, strict=True)),
        )

    def forward(self, inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Numbers and codes from the groups ``numeric``, ``codes`` and ``time``; a group without
        columns is left out, and comes back as ``[batch, 0]``.
        """
        columns, none = self._columns(inputs), next(iter(inputs.values()))[:, :0]
        calendar = [v for name, v in columns.numbers.items() if name not in self.contract.numeric]
        more = [column.float().unsqueeze(1) for column in (*calendar, *features(columns).values())]
        numbers = torch.cat([inputs.get("numeric", none.float()), *more], 1)
        return numbers, inputs.get("codes", none.long())

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
    def prepare(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """Numbers and codes of rows, for training a body on them many times."""
        numbers, codes = self(self.tensors(inputs))
        return numbers, codes


def fit_preprocess(contract: Contract, inputs: Inputs) -> Preprocess:
    """Fit calendar and vocabularies on training rows.

    Raises:
        ConfigError: ``features.py`` asks for a column that there is not, or gives one that there is.
    """
    known = inputs.time[inputs.time != MISSING_TIME]
    calendar = Calendar(contract.zone, yearly=bool(len(known)) and int(np.ptp(known)) >= YEAR_S)
    named = _named_in_features(Preprocess(contract, calendar, [()] * len(contract.category)))
    vocabularies = [
        fit_vocabulary(values, {text for column, text in named if column == name})
        for name, values in zip(contract.category, inputs.category.T, strict=True)
    ]
    return Preprocess(contract, calendar, vocabularies)


def fit_vocabulary(values: Texts, named: Collection[str] = ()) -> list[str]:
    """The values of one category that have a code: those that occur often enough to be learned, most
    frequent first, those that ``features.py`` names, and ``<missing>``.
    """
    counts = Counter(values.tolist())
    often = {value for value, n in counts.items() if n >= min(MIN_COUNT, len(values))}
    return sorted({*often, *named, MISSING_CATEGORY}, key=lambda value: (-counts[value], value))


def _named_in_features(preprocess: Preprocess) -> set[tuple[str, str]]:
    """The categories' values that ``features.py`` calls ``is_in`` with."""
    columns = preprocess.blank_columns()
    try:
        added = features(columns)
    except KeyError as error:
        raise ConfigError(
            f"models/features.py asks for {error}, which is no such feature of the contract; there are"
            f" numbers: {', '.join(columns.numbers)}; times (.seconds): {', '.join(columns.seconds)};"
            f" categories (.codes, .is_in): {', '.join(columns.codes)}"
        ) from None
    if twice := sorted(added.keys() & columns.numbers.keys()):
        raise ConfigError(
            f"models/features.py gives '{twice[0]}', which there is already; give it another name"
        )
    return columns.named
