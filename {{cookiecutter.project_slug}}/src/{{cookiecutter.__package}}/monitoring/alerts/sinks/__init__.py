"""Who is told of alerts, each behind ``Sink``; ``monitor.sinks`` configures them."""

from collections.abc import Callable
from pathlib import Path

from ....config import EmailSink, FileSink, LogSink, SinkConfig, WebhookSink
from ..message import Sink
from .file import File
from .log import Log
from .mail import Mail
from .metrics_file import MetricsFile
from .webhook import Webhook


def make_sink(config: SinkConfig, folder: Path, state: Callable[[], bytes]) -> Sink:
    """The sink that settings describe; ``folder`` is the model's reports, ``state`` its gauges."""
    if isinstance(config, LogSink):
        return Log()
    if isinstance(config, FileSink):
        return File(config.path or folder / "alerts.jsonl")
    if isinstance(config, WebhookSink):
        return Webhook(config)
    if isinstance(config, EmailSink):
        return Mail(config)
    return MetricsFile(config.path or folder / "metrics.prom", state)
