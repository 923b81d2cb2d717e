"""Alerts to an address by POST, as Slack, Mattermost and Rocket.Chat take them."""

import json
import os
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from ....config import WebhookSink
from ....config.sinks import web_address
from ..message import Message, UnsentError

TRY_AGAIN = frozenset({408, 425, 429})


class _Staying(HTTPRedirectHandler):
    """Follows no redirection: the message would become a GET, and its success mean nothing."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Webhook:
    """An address; only its host is ever told."""

    def __init__(self, config: WebhookSink) -> None:
        self._config = config

    def send(self, message: Message) -> None:
        """Post the message; its id is the header ``Idempotency-Key``.

        Raises:
            UnsentError: nobody answers, or with something else than success.
        """
        url = self._address()
        host = urlsplit(url).hostname
        body = json.dumps(slack_body(message)).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": message.id}
        request = Request(url, body, headers)  # noqa: S310 - http and https alone
        try:
            with build_opener(_Staying).open(request, timeout=self._config.timeout_s):
                return
        except HTTPError as error:
            with error:  # it holds the answer, and so the connection
                again = error.code >= 500 or error.code in TRY_AGAIN
                raise UnsentError(f"{host} answered {error.code}", again=again) from None
        except OSError as error:  # urllib's others are some of these
            reason = getattr(error, "reason", error)
            raise UnsentError(f"{host} cannot be reached: {type(reason).__name__}") from None
        except (HTTPException, ValueError):
            raise UnsentError(f"{host} speaks no HTTP, or its address is not valid") from None

    def _address(self) -> str:
        if self._config.url is not None:
            return self._config.url.get_secret_value()
        name = self._config.url_from or ""
        url = os.environ.get(name, "")
        if not web_address(url):
            given = "is not set" if not url else "holds no address such as https://example.org/hook"
            raise UnsentError(f"the environment variable {name} {given}", again=False)
        return url


def slack_body(message: Message) -> dict[str, Any]:
    """A line for notifications, and the same in plain blocks; callers' text can ping nobody."""
    line = f"{message.title}: {message.text}"
    for character, instead in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        line = line.replace(character, instead)
    return {
        "text": line,
        "blocks": [
            {"type": "header", "text": _plain(message.title, 150)},
            {"type": "section", "text": _plain(message.text, 3_000)},
            {"type": "context", "elements": [_plain(message.closer, 2_000)]},
        ],
    }


def _plain(text: str, most: int) -> dict[str, str]:
    return {"type": "plain_text", "text": text if len(text) <= most else f"{text[: most - 1]}…"}
