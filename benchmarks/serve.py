"""One row a request: the rendered project's server beside a bare one and model servers.

Run by run.py: serve.py [--quick]. What is served is in served.py, by whom in
entries.py.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import page
from answering import Server, pinned, running, usable_cores
from entries import LIVE, PEERS, entries_of, titled
from environments import serving_environment, size_mb
from measuring import WORK, Speed, fresh, interleaved, keep, reached, speed
from page import Target
from served import Model, prepare

N_ROUNDS, SECONDS, WARM_UP_S = 3, 4.0, 1.0
QUICK_S, QUICK_WARM_UP_S = 1.0, 0.3
CONNECTIONS = (1, 16)
MOST_BUSY = 0.8  # of a core, by who asks; above it would have measured itself
MOST_READY_S, MOST_MB, MOST_P99 = 2.0, 230, 2.0
LEAST = {
    ("bare", 1): 0.65,
    ("bare", 16): 1.2,
    ("mosec", 16): 1.5,
    ("litserve", 16): 5,
    ("bentoml", 16): 10,
    ("mlflow", 16): 15,
}
LEAST_WIDE = 0.65
ONCE = ("litserve", "bentoml", "mlflow")  # so far behind that one round tells enough
LIBRARIES = ("onnxruntime", "numpy", "pydantic-core", "starlette", "fastapi", "uvicorn", "uvloop")
OWN = "**the project's server**"
TITLES = {
    "bare": "bare: Starlette, pydantic-core, onnxruntime",
    "own": OWN,
    "own2": f"{OWN}, 2 workers",
    "fastapi": "a FastAPI route",
    **{peer: titled(peer) for peer in PEERS},
}
HEADER = (
    "",
    "ready, s",
    *(
        f"{n}: {what}"
        for n in CONNECTIONS
        for what in ("requests/s", "speed", "p50, ms", "p99, ms")
    ),
)
WHAT = """\
The same request again and again over HTTP, a row of the flights as named columns in JSON, and the
same ONNX graph in all: the model that `make train` makes ({kind}; one run of the graph by itself
takes {graph_us:.0f} µs). The project's server runs as it is installed and started in production:
from an environment with nothing optional, validation against the contract, request ids, metrics
and the log of predictions on. The bare route validates the types of the columns, runs the graph
and answers the probability. The FastAPI route has models for body and answer. mosec, LitServe and
BentoML decode the JSON and validate no column; MLflow holds the row to a signature. Each has one
worker, its own way of batching as it is by default, no access log, and onnxruntime with one thread
that does not spin. With {columns} the graph is a small network on a made table.

Medians of {n_rounds} interleaved rounds, each with a fresh process of each server, asked over 1
and over 16 connections that stay open, {seconds:g} s each after a warm-up of {warm_up_s:g} s. Each
connection sends its next request when the last is answered. A server has one core, with every
process that it starts, and who asks has another ({busy:.0%} of it used at most); two workers have
both, one of them beside who asks. Every answer was
200 and whole, the first and the last of each run right. LitServe, BentoML and MLflow had one round.
Speed is that of the bare route in the same round = 1, in brackets the rounds' range. Ready is from
the start to the first right answer."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What was measured: of each entry, a dictionary a round."""

    models: Mapping[str, Model]
    rounds: Mapping[str, Sequence[Mapping[str, Any]]]
    seconds: float
    warm_up_s: float
    environment_mb: float

    def speed(self, name: str, peer: str, n: int) -> Speed:
        """How fast one is, where 1 is the peer."""
        return speed(self._request_s(name, n), self._request_s(peer, n))

    def p99(self, name: str, peer: str, n: int) -> Speed:
        """How long the 99th percentile is, where 1 is the peer's."""
        return speed(self.each(peer, n, "p99_us"), self.each(name, n, "p99_us"))

    def each(self, name: str, n: int, what: str) -> list[float]:
        """A figure of each round."""
        return [found[str(n)][what] for found in self.rounds[name]]

    def ready_s(self, name: str) -> list[float]:
        """Of each round."""
        return [found["ready_s"] for found in self.rounds[name]]

    def _request_s(self, name: str, n: int) -> list[float]:
        return [1 / rate for rate in self.each(name, n, "requests_per_s")]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    figures = measure(1, QUICK_S, QUICK_WARM_UP_S, quick=True) if quick else measure()
    page.publish("serve", section(figures), quick=quick)


def measure(
    n_rounds: int = N_ROUNDS,
    seconds: float = SECONDS,
    warm_up_s: float = WARM_UP_S,
    *,
    quick: bool = False,
) -> Figures:
    """Make what is served and who serves it, then all in rounds."""
    serving = serving_environment()
    models = prepare(quick=quick)
    entries = entries_of(models, serving)
    cores = usable_cores()
    near = [name for name in entries if name not in ONCE]
    with pinned({cores[-1]} if cores else None):
        rounds: dict[str, list[dict[str, Any]]] = {}
        for names, n in ((near, n_rounds), (ONCE, 1)):
            rounds |= interleaved(
                names, n, lambda name: once(name, entries[name], cores, warm_up_s, seconds)
            )
    keep("serve", rounds)
    figures = Figures(
        models=models,
        rounds=rounds,
        seconds=seconds,
        warm_up_s=warm_up_s,
        environment_mb=size_mb(serving),
    )
    if (busy := busiest(figures)) > MOST_BUSY:
        raise SystemExit(f"who asks took {busy:.0%} of its core, so this measured the asking")
    return figures


def once(
    name: str, server: Server, cores: list[int] | None, warm_up_s: float, seconds: float
) -> dict[str, Any]:
    """Start a server on the first core, or on all if it has several workers, and ask it."""
    mine = set(cores[:1] if server.n_workers == 1 else cores) if cores else None
    with running(server, WORK / "serve" / f"{name}.log", mine) as started:
        found: dict[str, Any] = {"ready_s": started.ready_s}
        for n in CONNECTIONS:
            asked = (str(started.port), server.path, server.body)
            figures = fresh("load.py", *asked, str(n), str(warm_up_s), str(seconds))
            server.check(figures.pop("answer"))
            found[str(n)] = figures
    shutil.rmtree(LIVE, ignore_errors=True)
    return found


def busiest(figures: Figures) -> float:
    """The largest share of a core that asking took."""
    return max(max(figures.each(name, n, "busy")) for name in figures.rounds for n in CONNECTIONS)


def section(figures: Figures) -> str:
    """The page's section."""
    flights, *wide = figures.models
    what = WHAT.format(
        kind=figures.models[flights].kind,
        graph_us=figures.models[flights].graph_us,
        columns=" and ".join(wide),
        n_rounds=len(figures.ready_s("own")),
        seconds=figures.seconds,
        warm_up_s=figures.warm_up_s,
        busy=busiest(figures),
    )
    return "\n\n".join(
        [
            "## The server: one row a request",
            what,
            page.table(HEADER, [row(name, figures) for name in figures.rounds]),
            page.targets(targets(figures)),
            page.provenance("serve", LIBRARIES),
        ]
    )


def row(name: str, figures: Figures) -> tuple[str, ...]:
    """One entry's line of the table."""
    server, _, model = name.partition(", ")
    bare = f"bare, {model}" if model else "bare"
    line = [f"{TITLES[server]}, {model}" if model else TITLES[server]]
    line.append(f"{median(figures.ready_s(name)):.1f}")
    for n in CONNECTIONS:
        line.append(f"{median(figures.each(name, n, 'requests_per_s')):,.0f}")
        line.append("1" if name == bare else str(figures.speed(name, bare, n)))
        for what in ("p50_us", "p99_us"):
            line.append(f"{median(figures.each(name, n, what)) / 1e3:.2f}")
    return tuple(line)


def targets(figures: Figures) -> Iterator[Target]:
    """What is to be reached."""
    for (peer, n), least in LEAST.items():
        found = figures.speed("own", peer, n)
        bare = figures.speed("bare", peer, n).median
        text = f"at least {least} × {TITLES[peer].partition(':')[0]}, {n} at once"
        text += "" if peer == "bare" else f" (the bare route: {bare:.2f})"
        yield target(text, found, least=least)
    for model in list(figures.models)[1:]:
        for n in CONNECTIONS:
            found = figures.speed(f"own, {model}", f"bare, {model}", n)
            text = f"at least {LEAST_WIDE} × bare with {model}, {n} at once"
            yield target(text, found, least=LEAST_WIDE)
    text = f"99th percentile below {MOST_P99:g} × that of bare, 1 at once"
    yield target(text, figures.p99("own", "bare", 1), most=MOST_P99)
    ready_s = figures.ready_s("own")
    yield Target(
        text=f"ready within {MOST_READY_S:g} s",
        measured=f"{median(ready_s):.1f} s",
        reached=reached(ready_s, most=MOST_READY_S),
    )
    yield Target(
        text=f"an environment of at most {MOST_MB} MB",
        measured=f"{figures.environment_mb:.0f} MB",
        reached="yes" if figures.environment_mb <= MOST_MB else "**no**",
    )


def target(text: str, found: Speed, **limit: float) -> Target:
    """A target of ratios."""
    return Target(text=text, measured=str(found), reached=reached(found.ratios, **limit))


if __name__ == "__main__":
    main()
