"""The program's first part: a contract row to the numbers and codes that a model learns from."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from ..contract import Contract
from ..errors import ConfigError
from ..values import MISSING_TIME
from .calendar import YEAR_S, Calendar
from .encode import codes, fit_vocabulary
from .features import features
from .inputs import Inputs

EXACT_IN_FLOAT32 = 2**24


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


class Front(nn.Module):
    """Numbers, calendar and the person's features side by side; category text becomes codes."""

    def __init__(
        self, contract: Contract, calendar: Calendar, vocabularies: list[list[str]]
    ) -> None:
        super().__init__()
        self.numeric, self.times = contract.numeric, contract.times
        self.calendar = calendar
        self.vocabularies = vocabularies

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What the columns of ``numbers`` are."""
        blank = {
            "numeric": torch.zeros(1, len(self.numeric)),
            "time": torch.zeros(1, len(self.times), dtype=torch.int64),
        }
        own, derived = derive(self.numeric, self.times, self.calendar, blank)
        return tuple(own | derived)

    @property
    def sizes(self) -> list[int]:
        """How many codes each category has, that of unseen values among them."""
        return [len(vocabulary) + 1 for vocabulary in self.vocabularies]

    def forward(self, inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Numbers and codes from the groups ``numeric``, ``codes`` and ``time``; a group without
        columns is left out, and comes back as ``[batch, 0]``.
        """
        own, derived = derive(self.numeric, self.times, self.calendar, inputs)
        if not own and not derived:
            return inputs["codes"][:, :0].float(), inputs["codes"]
        if own and not own.keys() & derived.keys():
            group, apart = [inputs["numeric"]], derived  # each column apart costs the graph steps
        else:
            group, apart = [], own | derived
        numbers = torch.cat([*group, *(column.unsqueeze(1) for column in apart.values())], 1)
        return numbers, inputs["codes"] if "codes" in inputs else numbers[:, :0].long()

    def tensors(self, inputs: Inputs) -> dict[str, Tensor]:
        """The groups that ``forward`` takes: those that have columns."""
        groups = {
            "numeric": torch.from_numpy(inputs.numeric),
            "codes": codes(self.vocabularies, inputs.category),
            "time": torch.from_numpy(inputs.time),
        }
        return {name: group for name, group in groups.items() if group.shape[1]}

    @torch.no_grad()
    def prepare(self, inputs: Inputs) -> Prepared:
        """Rows up to the body, for training it on them many times."""
        numbers, coded = self(self.tensors(inputs))
        return Prepared(numbers=numbers, codes=coded)


def fit_front(contract: Contract, inputs: Inputs) -> Front:
    """Fit calendar and vocabularies on training rows.

    Raises:
        ConfigError: an integer feature is too large for float32 to tell its values apart, or
            ``features.py`` asks for a column that there is not.
    """
    _refuse_large_integers(contract, inputs)
    known = inputs.time[inputs.time != MISSING_TIME]
    yearly = bool(len(known)) and int(np.ptp(known)) >= YEAR_S
    vocabularies = [fit_vocabulary(column) for column in inputs.category.T]
    front = Front(contract, Calendar(contract.zone, yearly=yearly), vocabularies)
    _refuse_unknown_columns(front)
    return front


def derive(
    numeric: tuple[str, ...], times: tuple[str, ...], calendar: Calendar, inputs: dict[str, Tensor]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Named float columns: the contract's own, then the calendar's and those of ``features.py``,
    which may replace one of the others.
    """
    own = {name: inputs["numeric"][:, index] for index, name in enumerate(numeric)}
    parts: dict[str, Tensor] = {}
    for index, name in enumerate(times):
        parts |= calendar(name, inputs["time"][:, index])
    return own, parts | features(own | parts)


def _refuse_unknown_columns(front: Front) -> None:
    try:
        _ = front.names  # a blank row goes through features.py
    except KeyError as error:
        given = ", ".join(front.numeric) or "none"
        raise ConfigError(
            f"models/features.py asks for {error}, which is no numeric feature of the contract; there"
            f" are {given}, and the calendar parts of {', '.join(front.times) or 'no timestamp'};"
            " change features.py, or configs/contract.yaml"
        ) from None


def _refuse_large_integers(contract: Contract, inputs: Inputs) -> None:
    for index, name in enumerate(contract.numeric):
        if contract.columns[name].type != "integer":
            continue
        largest = np.nanmax(np.abs(inputs.numeric[:, index]), initial=0)
        if largest > EXACT_IN_FLOAT32:
            raise ConfigError(
                f"columns.{name}: integers as large as {largest:.0f} lose digits in float32;"
                " make it 'role: metadata' if it names things, or 'type: category', or subtract"
                " a constant in data/transform.py"
            )
