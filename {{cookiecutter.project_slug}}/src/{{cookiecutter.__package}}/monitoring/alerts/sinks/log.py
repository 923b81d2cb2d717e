"""Alerts on the standard output of the job."""

from ....terminal import say
from ..message import Message


class Log:
    """The terminal, or what collects a job's output."""

    def send(self, message: Message) -> None:
        """Two lines: what is so, and where to look."""
        say(f"{message.title}: {message.text}")
        say(f"          {message.closer}")
