"""What ``features.py`` sees of a batch of rows: numbers, category codes, and times in seconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..values import canonical_category

UNSEEN = 0
"""The code of a value that training did not see."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Named columns, each a tensor ``[batch]``; ``columns["price"]`` is one of ``numbers``."""

    numbers: Mapping[str, Tensor]
    """float32, NaN where missing: the contract's numbers and booleans, and the calendar parts."""
    seconds: Mapping[str, Tensor]
    """float64, NaN where missing: UTC seconds since 1970, so that differences are exact."""
    codes: Mapping[str, Tensor]
    """int64: 1 and on are places in ``vocabularies``, 0 a value that training did not see."""
    vocabularies: Mapping[str, Sequence[str]]
    """The values of each category that have a code; ``<missing>`` is one of them."""
    named: set[tuple[str, str]] = field(default_factory=set)
    """Columns and values that ``is_in`` was called with; each of them gets a code."""

    def __getitem__(self, name: str) -> Tensor:
        return self.numbers[name]

    def is_in(self, name: str, *values: object) -> Tensor:
        """Where a category is one of these values (``None``: where it is missing), bool ``[batch]``."""
        codes, texts = self.codes[name], [canonical_category(value) for value in values]
        self.named.update((name, text) for text in texts)
        result = torch.zeros_like(codes, dtype=torch.bool)
        for code, value in enumerate(self.vocabularies[name], start=UNSEEN + 1):
            if value in texts:
                result = result | (codes == code)
        return result
