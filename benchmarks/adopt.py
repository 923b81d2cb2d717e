"""From a CSV that nobody has described to a champion, and to an answered request.

Run by run.py: adopt.py [--quick]. Each step is the command that a person types, start-up included.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import Request, urlopen

import numpy as np
import page
import pandas as pd
from measuring import WORK, keep
from page import Target

PROJECT = WORK / "flight-delay"
N_ROWS, N_ROUNDS, QUICK_ROWS = 30_000, 3, 3_000
LIBRARIES = ("torch", "onnxruntime", "mlflow", "polars", "pyarrow")
STEPS = ("adopt", "data", "train", "serve")
CHAMPION_S, ANSWER_S, READY_S = 60, 120, 60
WHAT = """\
A made CSV of {n_rows:,} rows and 15 columns (seven numbers, four categories, a time, an id, free
text and a yes-or-no target that follows some of them, with gaps): `adopt`, `data`, `train` as the
commands that a person types, then `serve` until the first request is answered. Medians of
{n_rounds} rounds, each in a new copy of the project; imports and start-up are part of each step."""


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    n_rows, n_rounds = (QUICK_ROWS, 1) if quick else (N_ROWS, N_ROUNDS)
    rounds = []
    for number in range(1, n_rounds + 1):
        print(f"round {number} of {n_rounds}", flush=True)
        rounds.append(once(n_rows))
    keep("adopt", {step: [found[step] for found in rounds] for step in STEPS})
    page.publish("adopt", section(rounds, n_rows), quick=quick)


def rows(n_rows: int) -> pd.DataFrame:
    """Customers, some of whom leave."""
    random = np.random.default_rng(0)
    numbers = random.normal(size=(n_rows, 7))
    plan = random.choice(["basic", "plus", "pro"], n_rows, p=[0.5, 0.3, 0.2])
    logit = numbers[:, 0] - 0.8 * numbers[:, 1] * (plan == "basic") + 0.5 * (plan == "pro") - 1
    frame = pd.DataFrame(
        {
            "customer_id": [f"C{place:06}" for place in range(n_rows)],
            "signed_up": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(np.sort(random.integers(0, 365 * 86_400, n_rows)), unit="s"),
            **{f"usage {place}": numbers[:, place].round(3) for place in range(7)},
            "plan": plan,
            "region": random.choice([f"R{place}" for place in range(40)], n_rows),
            "channel": random.choice(["web", "shop", "phone"], n_rows),
            "device": random.choice(["ios", "android", None], n_rows),
            "note": [f"called about bill number {place} and was glad" for place in range(n_rows)],
            "churned": np.where(random.random(n_rows) < 1 / (1 + np.exp(-logit)), "yes", "no"),
        }
    )
    frame.loc[random.random(n_rows) < 0.05, "usage 2"] = None
    return frame


def once(n_rows: int) -> dict[str, float]:
    """Seconds of each step in a new copy of the project."""
    folder = WORK / "adopted"
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("configs", "src", "tests"):
        shutil.copytree(PROJECT / part, folder / part)
    shutil.copy(PROJECT / ".rendered.json", folder)
    rows(n_rows).to_csv(folder / "customers.csv", index=False)
    found = {}
    adopt = ["customers.csv", "--target", "churned", "--time", "signed_up", "--id", "customer_id"]
    for step, arguments in (("adopt", adopt), ("data", []), ("train", [])):
        began = time.perf_counter()
        subprocess.run(command(step, *arguments), cwd=folder, env=environment(folder), check=True)
        found[step] = time.perf_counter() - began
    found["serve"] = answered(folder)
    shutil.rmtree(folder)
    return found


def answered(folder: Path) -> float:
    """Seconds from starting the server to its first answer."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command("serve", "--set", "serve.port=0"),
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        url = re.search(r"http://[\w.:]+", line)
        if url is None:
            raise SystemExit("the server did not say where it listens")
        while time.perf_counter() - began < READY_S:
            if ask(f"{url[0]}/health/ready") is not None:
                break
            time.sleep(0.02)
        schema: Any = ask(f"{url[0]}/openapi.json")
        body = schema["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
        answer: Any = ask(f"{url[0]}/predict", body["examples"]["typical"]["value"])
        if not answer or not answer["predictions"]:
            raise SystemExit(f"the first request was not answered: {answer}")
        return time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(timeout=30)


def ask(url: str, body: object = None) -> Any | None:
    """The answer as JSON; none where there is no server yet, or it refuses."""
    content = None if body is None else json.dumps(body).encode()
    request = Request(url, content, {"content-type": "application/json"})  # noqa: S310 - http
    try:
        with urlopen(request, timeout=10) as response:  # noqa: S310 - see above
            return json.loads(response.read())
    except OSError:
        return None


def command(step: str, *arguments: str) -> list[str]:
    """A command of the project."""
    return [sys.executable, "-m", "flight_delay", step, *arguments]


def environment(folder: Path) -> dict[str, str]:
    """In which the copy's own source is found first."""
    return {**os.environ, "PYTHONPATH": str(folder / "src"), "PYTHONUNBUFFERED": "1"}


def section(rounds: Sequence[Mapping[str, float]], n_rows: int) -> str:
    """The page's section."""
    found = {step: median(one[step] for one in rounds) for step in STEPS}
    champions = [sum(one[step] for step in STEPS[:3]) for one in rounds]
    answers = [sum(one.values()) for one in rounds]
    lines = [(f"`{step}`", f"{seconds:.1f}") for step, seconds in found.items()]
    return "\n\n".join(
        [
            "## Your own data: CSV to champion to answer",
            WHAT.format(n_rows=n_rows, n_rounds=len(rounds)),
            page.table(("step", "wall, s"), lines),
            page.targets(
                Target(text=text, measured=f"{median(times):.1f} s", reached=verdict(times, limit))
                for text, times, limit in (
                    ("a champion within a minute", champions, CHAMPION_S),
                    ("an answered request within two minutes", answers, ANSWER_S),
                )
            ),
            page.provenance("adopt", LIBRARIES),
        ]
    )


def verdict(times: Sequence[float], limit: float) -> str:
    """In how many rounds, unless in all of them."""
    reached = sum(seconds <= limit for seconds in times)
    return "yes" if reached == len(times) else f"**no**, in {reached} of {len(times)} rounds"


if __name__ == "__main__":
    main()
