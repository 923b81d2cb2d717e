"""Rows that are hard to carry as tensors."""

from typing import Any

import pytest


@pytest.fixture(scope="session")
def rows(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows with texts beyond ASCII, a time in UTC and an integer that no float holds."""
    second = {"order": "o-2", "at": "2024-05-02T23:59:59.999Z", "price": 0.1, "items": 2**53 + 1}
    third = {"order": "ö 3", "price": 999.99, "channel": "store", "city": "Saint-Étienne"}
    return [row, {**row, **second, "gift": False}, {**row, **third}]
