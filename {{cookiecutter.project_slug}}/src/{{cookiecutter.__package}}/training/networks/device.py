"""Where training runs, and in which numbers."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ...errors import ConfigError


def choose_device(wanted: str) -> torch.device:
    """``auto`` takes a GPU where there is one.

    Raises:
        ConfigError: the device that was asked for is not there.
    """
    available = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if wanted == "auto":
        wanted = next((name for name in ("cuda", "mps") if available[name]), "cpu")
    if not available[wanted]:
        there = ", ".join(name for name, found in available.items() if found)
        raise ConfigError(f"train.device is '{wanted}', but this machine has: {there}; use 'auto'")
    return torch.device(wanted)


def choose_precision(wanted: str, device: torch.device) -> torch.dtype:
    """``auto`` takes bfloat16 on an NVIDIA GPU that has it, where it is faster."""
    if wanted == "auto":
        halved = device.type == "cuda" and torch.cuda.is_bf16_supported()
        return torch.bfloat16 if halved else torch.float32
    return {"float32": torch.float32, "bfloat16": torch.bfloat16}[wanted]


@contextmanager
def cpu_threads(number: int) -> Iterator[None]:
    """As many threads of torch while this lasts."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
