"""The one program: a contract row → features → encoding → network → output."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ..contract import Contract
from ..errors import ConfigError
from ..values import MISSING_TIME
from .calendar import YEAR_S, Calendar
from .encode import Encoder, codes, fit_vocabulary
from .features import features
from .heads import Head
from .inputs import Inputs
from .tasks import task_of

EXACT_IN_FLOAT32 = 2**24
MOST_ENCODED, FEWEST_BINS = 1024, 3


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Rows as a ``Body`` takes them."""

    numbers: Tensor
    """``[rows, columns]`` float32: the contract's, the calendar's and those of ``features.py``."""
    codes: Tensor
    """``[rows, categories]`` int64."""

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, rows: slice | Tensor) -> "Prepared":
        return Prepared(numbers=self.numbers[rows], codes=self.codes[rows])


class Body(nn.Module):
    """What is trained: numbers are encoded batch by batch, so that wide encodings take no memory."""

    def __init__(self, encoder: Encoder, network: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.network = network

    def forward(self, numbers: Tensor, codes: Tensor) -> Tensor:
        """``[batch, columns]`` and ``[batch, categories]`` to raw values ``[batch, head.width]``."""
        return self.network(self.encoder(numbers), codes)  # type: ignore[no-any-return]


class Program(nn.Module):
    """Everything between a row and its answer; what ``forward`` does is the exported graph."""

    def __init__(
        self,
        contract: Contract,
        *,
        calendar: Calendar,
        encoder: Encoder,
        vocabularies: list[list[str]],
        network: nn.Module,
        head: Head,
    ) -> None:
        super().__init__()
        self.output = task_of(contract).output
        self.numeric, self.times = contract.numeric, contract.times
        self.vocabularies = vocabularies
        self.calendar = calendar
        self.body = Body(encoder, network)
        self.head = head

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Outputs of the contract's task from the groups ``numeric``, ``codes`` and ``time``."""
        rows = self._prepared(inputs)
        return self.head(self.body(rows.numbers, rows.codes))  # type: ignore[no-any-return]

    def tensors(self, inputs: Inputs) -> dict[str, Tensor]:
        """The groups that ``forward`` takes; category text becomes codes."""
        return tensors(inputs, self.vocabularies)

    @torch.no_grad()
    def prepare(self, inputs: Inputs) -> Prepared:
        """Rows up to the body, for training it on them many times."""
        return self._prepared(self.tensors(inputs))

    def _prepared(self, inputs: dict[str, Tensor]) -> Prepared:
        """A group without columns is ``[batch, 0]``."""
        columns = derive(self.numeric, self.times, self.calendar, inputs)
        if not columns:
            return Prepared(numbers=inputs["codes"][:, :0].float(), codes=inputs["codes"])
        numbers = torch.stack(list(columns.values()), 1)
        codes = inputs["codes"] if "codes" in inputs else numbers[:, :0].long()
        return Prepared(numbers=numbers, codes=codes)


def fit_encoding(
    contract: Contract, inputs: Inputs, *, bins: int
) -> tuple[Calendar, Encoder, list[list[str]]]:
    """Fit calendar, encoder and vocabularies on training rows.

    Numbers of a wide table are cut into fewer bins, so that the encoding has some 1,000 columns.

    Raises:
        ConfigError: an integer feature is too large for float32 to tell its values apart.
    """
    _refuse_large_integers(contract, inputs)
    vocabularies = [fit_vocabulary(column) for column in inputs.category.T]
    known = inputs.time[inputs.time != MISSING_TIME]
    yearly = bool(len(known)) and int(np.ptp(known)) >= YEAR_S
    calendar = Calendar(contract.zone, yearly=yearly)
    columns = derive(contract.numeric, contract.times, calendar, tensors(inputs, vocabularies))
    encoder = Encoder(tuple(columns))
    if columns:
        bins = max(min(bins, MOST_ENCODED // len(columns)), FEWEST_BINS)
        encoder.fit(torch.stack(list(columns.values()), 1), bins)
    return calendar, encoder, vocabularies


def tensors(inputs: Inputs, vocabularies: list[list[str]]) -> dict[str, Tensor]:
    """Arrays to tensors; only groups that have columns."""
    groups = {
        "numeric": torch.from_numpy(inputs.numeric),
        "codes": codes(vocabularies, inputs.category),
        "time": torch.from_numpy(inputs.time),
    }
    return {name: group for name, group in groups.items() if group.shape[1]}


def derive(
    numeric: tuple[str, ...], times: tuple[str, ...], calendar: Calendar, inputs: dict[str, Tensor]
) -> dict[str, Tensor]:
    """Named float columns: the numeric ones, the calendar's, and those of ``features.py``."""
    columns = {name: inputs["numeric"][:, index] for index, name in enumerate(numeric)}
    for index, name in enumerate(times):
        columns |= calendar(name, inputs["time"][:, index])
    return columns | features(columns)


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
