"""Whom alerts are told, each sink with its settings; ``route`` of each kind names them."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, HttpUrl, SecretStr, TypeAdapter, model_validator

from .section import Section

Seconds = Annotated[float, Field(gt=0, le=60)]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
HTTP = TypeAdapter(HttpUrl)


class LogSink(Section):
    """The standard output of the job."""

    kind: Literal["log"]


class FileSink(Section):
    """A file that grows by a JSON object a line."""

    kind: Literal["file"]
    path: Path | None = None
    """The file; null is ``alerts.jsonl`` beside the model's reports."""


class WebhookSink(Section):
    """An address that takes a JSON object by POST, in the form that Slack and its like take."""

    kind: Literal["webhook"]
    url_from: Variable | None = None
    """The environment variable that holds the address, which is a secret with most services."""
    url: SecretStr | None = None
    """The address itself, where it is no secret."""
    timeout_s: Seconds = 5.0
    """Seconds after which an address that does not answer has failed."""

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if (self.url is None) == (self.url_from is None):
            raise ValueError("give url_from, the name of an environment variable, or url")
        if self.url is not None and not web_address(self.url.get_secret_value()):
            raise ValueError("url must be an address such as https://example.org/hook")
        return self


class EmailSink(Section):
    """An SMTP server."""

    kind: Literal["email"]
    host: str
    """Its name."""
    port: Annotated[int, Field(gt=0, le=65535)] = 587
    """Its port: 587 for starttls, 465 for tls, 25 for none, as a rule."""
    tls: Literal["starttls", "tls", "none"] = "starttls"
    """Encrypted once connected, from the first byte, or not at all."""
    user: str | None = None
    """Who logs in; null does not."""
    password_from: Variable = "SMTP_PASSWORD"  # noqa: S105 - the name of a variable
    """The environment variable that holds the user's password."""
    sender: str
    """Address in From."""
    to: Annotated[tuple[str, ...], Field(min_length=1)]
    """Addresses in To."""
    timeout_s: Seconds = 10.0
    """Seconds after which a server that does not answer has failed."""

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> Self:
        if self.user is not None and self.tls == "none":
            raise ValueError("a password would travel in the clear; say tls: starttls, or tls")
        return self


class MetricsFileSink(Section):
    """A text file of gauges in Prometheus' format, written anew by every run whoever is told."""

    kind: Literal["metrics_file"]
    path: Path | None = None
    """The file; null is ``metrics.prom`` beside the model's reports, which the server shows at /metrics."""


SinkConfig = Annotated[
    LogSink | FileSink | WebhookSink | EmailSink | MetricsFileSink, Field(discriminator="kind")
]


def web_address(text: str) -> bool:
    """Whether a text is an address of the web."""
    try:
        HTTP.validate_python(text)
    except ValueError:
        return False
    return True
