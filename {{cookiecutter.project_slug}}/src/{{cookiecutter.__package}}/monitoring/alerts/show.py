"""The alerts of a model, for people at a terminal."""

from ...config import MonitorConfig
from ...terminal import say, table
from . import store


def show_alerts(config: MonitorConfig, model: str, recent: int) -> None:
    """Print a line for each alert that is open, the newest ``recent`` that are over, and what no
    sink took yet.
    """
    if not config.history.exists():
        say(f"unjudged  '{config.history}' is not there yet; judge what was served: make monitor")
        return
    with store.changing(config.history) as connection:
        known = store.alerts(connection, model, resolved=recent)
    rows = [
        (
            alert.id,
            alert.severity,
            f"{alert.opened:%Y-%m-%d %H:%M}",
            f"{alert.resolved:%Y-%m-%d %H:%M}" if alert.resolved else "open",
            f"{alert.text}. Resolved: {alert.ended}" if alert.ended else alert.text,
        )
        for alert in known
    ]
    if rows:
        table(f"alerts of {model} (UTC)", ("alert", "severity", "opened", "over", "what"), rows)
    for alert in known[:1]:
        say(f"closer    {alert.report} · {alert.command}")
    if not any(alert.state == "open" for alert in known):
        say("calm      no alert is open")
    for delivery in store.unsent(config.history, model):
        told = f"alert {delivery.alert.id} {delivery.event}, tried {delivery.attempts} times"
        say(f"untold    {delivery.sink}: {told}; the next run tries again")
