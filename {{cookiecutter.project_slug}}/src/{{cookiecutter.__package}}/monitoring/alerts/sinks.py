"""Where alerts are sent: the terminal, a file, and whatever apprise has an address for.

The addresses are in an environment variable, since most hold a secret: none is in a setting, a
message or a file. A sink is known by its kind and a few digits of its address's hash.
"""

import json
import logging
import os
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from pathlib import Path

from ...config import MonitorConfig
from ...terminal import say
from ..history import connected
from . import store
from .store import ALERT, Alert, Event

WAITS_S = (1.0, 4.0)
"""Seconds before each further try; then the next run tries again."""
OWN, APPRISE = ("log", "file"), "apprise"
Sink = Callable[[Alert, Event], None]


class UnsentError(Exception):
    """A sink did not take a message; what it says holds no secret."""


def sinks_of(config: MonitorConfig, model: str) -> dict[str, Sink]:
    """Every sink by its name, in the order of ``monitor.apprise_from``."""
    lines = partial(_append, config.reports / model / "alerts.jsonl")
    sinks: dict[str, Sink] = {"log": _print, "file": lines}
    for url in os.environ.get(config.apprise_from, "").split():
        sinks[_name(url)] = partial(_notify, url)
    return sinks


def routed(route: Sequence[str], sinks: Sequence[str]) -> tuple[str, ...]:
    """The sinks that a route leads to: ``apprise`` is every address."""
    return tuple(s for s in sinks if (s if s in OWN else APPRISE) in route)


def deliver(path: Path, model: str, sinks: dict[str, Sink]) -> None:
    """Send what is unsent, oldest first; what a sink does not take stays for the next run.

    That it was sent is recorded after it was, so a crash in between sends it again.
    """
    with connected(path) as connection:
        waiting = [alert for alert in store.alerts(connection, model) if alert.unsent]
    problems: dict[str, str] = {}
    for alert in sorted(waiting, key=lambda one: one.id):
        left = list(alert.unsent)
        for event, name in alert.unsent:
            if name in sinks and name not in problems:
                problems |= _problem(name, partial(sinks[name], alert, event))
            if name not in problems and (name in sinks or len(sinks) > len(OWN)):
                left.remove((event, name))  # it was sent, or its address is no longer there
                with connected(path) as connection:
                    store.put(connection, replace(alert, unsent=tuple(left)))
    for name, problem in problems.items():
        say(f"unsent    {name}: {problem}; the next run tries again")


def title_of(alert: Alert, event: Event) -> str:
    """What it is about, and how much it matters."""
    word = "resolved" if event == "resolved" else alert.severity
    return f"[{word}] {alert.model} version {alert.version}"


def text_of(alert: Alert, event: Event) -> str:
    """The sentence; of what is resolved also why."""
    return f"{alert.text}. Resolved: {alert.ended}" if event == "resolved" else alert.text


def _name(url: str) -> str:
    digits = blake2b(url.encode(), digest_size=4).hexdigest()
    return f"{url.partition(':')[0]}-{digits}"


def _problem(name: str, send: Callable[[], None]) -> dict[str, str]:
    """What a sink said after its last try, by its name; nothing where it took the message."""
    problem = ""
    for wait_s in (0.0, *WAITS_S):
        time.sleep(wait_s)
        try:
            send()
        except UnsentError as error:
            problem = str(error)
        except Exception as error:  # its text may hold a secret
            problem = f"it failed with {type(error).__name__}"
        else:
            return {}
    return {name: problem}


def _print(alert: Alert, event: Event) -> None:
    say(f"{title_of(alert, event)}: {text_of(alert, event)}")


def _append(path: Path, alert: Alert, event: Event) -> None:
    """Append a line of JSON, and wait until the disk has it."""
    content = ALERT.dump_python(alert, mode="json", exclude={"unsent", "sinks"})
    line = json.dumps({"event": event, **content}, ensure_ascii=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise UnsentError(f"'{path}': {error.strerror}") from None


def _notify(url: str, alert: Alert, event: Event) -> None:
    with warnings.catch_warnings(action="ignore"):  # of what apprise's own code is deprecated
        _send_to(url, alert, event)


def _send_to(url: str, alert: Alert, event: Event) -> None:
    import apprise  # it takes a second to load

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it would name the address
    target = apprise.Apprise()
    if not target.add(url):
        raise UnsentError("apprise does not know an address of this form; see its documentation")
    kinds = {
        "info": apprise.NotifyType.INFO,
        "warning": apprise.NotifyType.WARNING,
        "critical": apprise.NotifyType.FAILURE,
    }
    kind = apprise.NotifyType.SUCCESS if event == "resolved" else kinds[alert.severity]
    body = f"{text_of(alert, event)}\n\nReports: {alert.report}"
    if not target.notify(title=title_of(alert, event), body=body, notify_type=kind):
        raise UnsentError("the message was not taken")
