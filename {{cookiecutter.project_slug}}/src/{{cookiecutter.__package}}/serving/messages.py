"""What the server says of itself, on standard error: for people, or a JSON object a line."""

import json
import logging
from datetime import UTC, datetime
from logging.config import dictConfig
from typing import Literal

PACKAGE = __name__.partition(".")[0]
FIELDS = ("request_id", "route", "status", "duration_ms")
"""What a message may hold beside its text, by ``extra``."""


class JsonLines(logging.Formatter):
    """``time``, ``level``, ``message``, an ``exception`` if there is one, and those of ``FIELDS``."""

    def format(self, record: logging.LogRecord) -> str:
        """One message as one line."""
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        told |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


def configure(form: Literal["human", "json"]) -> None:
    """Say uvicorn's warnings and all of our own messages in a form."""
    human = {"()": "uvicorn.logging.DefaultFormatter", "fmt": "%(levelprefix)s %(message)s"}
    said = {"handlers": ["stderr"], "propagate": False}
    dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"form": human if form == "human" else {"()": JsonLines}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "form"}},
            "loggers": {
                "uvicorn": {**said, "level": "WARNING"},
                PACKAGE: {**said, "level": "INFO"},
            },
        }
    )
