"""Who answers a request: the version that serves, or for some of them one that challenges it.

Follows the pointer that ``challenge`` writes, and ends a challenge that breaks a rule: by a line in that
pointer, so that all workers and servers hear of it and none starts it again.
"""

import logging
import os
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...compatibility import compare
from ...config import ServeConfig
from ...errors import BundleError, ProjectError, RegistryError
from ...models.bundle import open_bundle
from ...models.challenges import Challenge, Challenges, refuse_unfit
from ...models.versions import Versions
from ..metrics import FOLDER, Metrics
from ..predictor import Predictor, make_predictor
from ..store import Store
from .abort import Broken, broken, hung
from .challenger import Challenger, Claim, Log
from .tally import Tally

LOGGER = logging.getLogger(__name__)
Seen = tuple[str | None, str] | None
"""What the pointer held, and which champion served."""


class Routes:
    """Holds the challenger, or the reason why there is none although one was started."""

    def __init__(self, config: ServeConfig, store: Store, metrics: Metrics, log: Log) -> None:
        """``log`` writes what was scored in the shadow."""
        self.challenger: Challenger | None = None
        self.problem: str | None = None
        self._config = config
        self._store = store
        self._metrics = metrics
        self._log = log
        self._newest: Challenge | None = None
        self._seen: Seen = None

    def claim(self, request_id: str, path: str, given: dict[str, Any]) -> Claim | None:
        """A request that is the challenger's; ``None`` if it is the champion's alone."""
        challenger = self.challenger
        return challenger.claim(request_id, path, given) if challenger is not None else None

    def refresh(self) -> None:
        """Load what the pointer names if that or the champion changed, else judge what runs."""
        try:
            versions, champion = self._store.versions(), self._store.current
            if versions is not None and champion is not None:
                self._look(Challenges(versions), versions, champion)
        except (ProjectError, OSError, ValueError) as error:
            self._tell(f"the challenge cannot be followed: {error}")
        newest, challenger = self._newest, self.challenger
        aborted = newest.version if newest is not None and newest.action == "abort" else 0
        self._metrics.challenges(challenger.predictor.version if challenger else 0, aborted)

    def told(self) -> dict[str, Any] | None:
        """The challenge for people, with its figures; ``None`` where there is none."""
        newest, challenger = self._newest, self.challenger
        if newest is None or newest.action in ("stop", "end"):
            return None
        failing = challenger is None and self.problem is not None
        state = "aborted" if newest.action == "abort" else "fails" if failing else "runs"
        return {
            "version": newest.version,
            "route": newest.route,
            "share": newest.share,
            "against": newest.against,
            "state": state,
            "since": newest.when,
            "who": newest.who,
            "why": newest.why,
            "problem": self.problem,
            "compared": challenger.figures if challenger else None,
        }

    def close(self) -> None:
        """Score what waits in the shadow, as far as that is soon done."""
        if self.challenger is not None:
            self.challenger.end(self._config.abort.late_s)

    def _look(self, challenges: Challenges, versions: Versions, champion: Predictor) -> None:
        seen: Seen = (challenges.text(), f"{champion.version} {champion.bundle.hash}")
        if seen == self._seen:
            if self.challenger is not None:
                self._judge(challenges, self.challenger)
            return
        newest, challenger = challenges.newest(), None
        problem = _why_none(newest, champion)
        if newest is not None and newest.runs and problem is None:
            try:
                challenger = self._challenger(newest, versions, champion)
            except (ProjectError, OSError, ValueError, KeyError, TypeError) as error:
                problem, seen = f"the challenger cannot be asked: {error}", None  # tried again
        self._end()
        self._tell(problem)
        self.challenger, self._newest, self._seen = challenger, newest, seen
        if challenger is not None and newest is not None:
            LOGGER.info("version %d %s", newest.version, newest.told)

    def _tell(self, problem: str | None) -> None:
        """Keep a problem, and say it once."""
        if problem is not None and problem != self.problem:
            LOGGER.error("%s", problem)
        self.problem = problem

    def _challenger(
        self, challenge: Challenge, versions: Versions, champion: Predictor
    ) -> Challenger:
        version = versions.get(challenge.version)
        refuse_unfit(version, challenge.route, challenge.share)
        bundle = open_bundle(versions.folder / version.bundle, self._store.keys)
        changes = compare(champion.bundle.contract, bundle.contract)
        if any(change.breaking for change in changes):
            raise BundleError(
                f"version {version.number} has another contract than version {champion.version},"
                " whose requests it is to answer"
            )
        predictor = make_predictor(bundle, version.number, self._config.max_rows)
        folder = os.environ.get(FOLDER)  # of one server, all of whose workers know it
        token = sha256(repr(challenge).encode()).hexdigest()[:16]
        path = Path(folder) / f"challenge-{token}" if folder else None
        tally = Tally(self._config.abort.window, path)
        return Challenger(
            challenge, predictor, champion, tally, self._config, self._metrics, self._log
        )

    def _judge(self, challenges: Challenges, challenger: Challenger) -> None:
        found = challenger.judged()
        rules = self._config.abort
        fault = broken(found, rules) or hung(challenger.busy_s, rules)
        if fault is not None and self._newest is not None:
            self._abort(challenges, self._newest, challenger, fault)

    def _abort(
        self, challenges: Challenges, challenge: Challenge, challenger: Challenger, fault: Broken
    ) -> None:
        self._end()
        why = f"{fault.rule}: {fault.reason}"
        if fault.rule == "max_error_rate" and challenger.fault:
            why += f"; the last: {challenger.fault}"
        problem = _aborted(challenge.version, why)
        try:
            first = challenges.abort(challenge, why)
        except RegistryError as error:
            first = True
            problem += f"; a server that is started again will try it again: {error}"
        if first:  # else another worker has told it, and counted
            LOGGER.error("%s", problem)
            self._metrics.aborts.labels(fault.rule).inc()
        self.problem, self._newest = problem, replace(challenge, action="abort", why=why)

    def _end(self) -> None:
        challenger, self.challenger = self.challenger, None
        if challenger is not None:
            challenger.end()


def _why_none(newest: Challenge | None, champion: Predictor) -> str | None:
    """Why a challenge that a person has started does not run."""
    if newest is not None and newest.action == "abort":
        return _aborted(newest.version, newest.why)
    if newest is not None and newest.runs and newest.against != champion.version:
        return (
            f"version {newest.version} challenges version {newest.against}, but"
            f" {champion.version} serves; start the challenge again, or stop it"
        )
    return None


def _aborted(version: int, why: str) -> str:
    return f"the challenger, version {version}, was aborted: {why}"
