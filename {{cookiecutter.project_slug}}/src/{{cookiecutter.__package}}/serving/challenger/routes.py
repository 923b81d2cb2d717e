"""The route by which some requests are answered, or shadowed, by a version that challenges.

Follows the pointer that ``challenge`` writes, and ends a challenge that breaks a rule: by a line in that
pointer, so that all workers and servers hear of it and none starts it again.
"""

import logging
import os
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...config import Config
from ...errors import BundleError, RegistryError
from ...models.bundle import open_bundle
from ...models.challenger import Challenge, Challenges, refuse_unfit
from ...models.versions import CHALLENGER, Versions
from ..answers import Predicted
from ..batching import Request
from ..metrics import FOLDER, Metrics
from ..prediction_log import PredictionLog
from ..predictor import Predictor, make_predictor
from ..store import Store, accepts_requests_of
from .abort import Broken, Figures, broken, hung
from .challenger import Challenger
from .counters import Counters
from .settings import ChallengerConfig
from .tally import Tally

LOGGER = logging.getLogger(__name__)
Seen = tuple[tuple[str | None, str | None], str] | None
"""What the pointers held, and which champion served."""


class ChallengerRoute:
    """Holds the challenger, or the reason why there is none although one was started."""

    name = CHALLENGER

    def __init__(self, config: Config, store: Store, metrics: Metrics, log: PredictionLog) -> None:
        """``log`` takes what was scored in the shadow.

        Raises:
            ConfigError: the settings of the option are not valid.
        """
        self.challenger: Challenger | None = None
        self.problem: str | None = None
        self._config = config.serve
        self._rules = config.settings("challenger", ChallengerConfig).abort
        self._store = store
        self._counters = Counters(metrics.registry)
        self._log = log
        self._newest: Challenge | None = None
        self._seen: Seen = None

    def claims(self, request: Request) -> bool:
        """Whether a request is the challenger's."""
        return self.challenger is not None and self.challenger.claims(request)

    async def answer(self, request: Request) -> tuple[Predictor, Predicted] | None:
        """The challenger's answer, in time; ``None`` if the champion is to answer."""
        challenger = self.challenger
        predicted = None if challenger is None else await challenger.answer(request)
        return (
            None if challenger is None or predicted is None else (challenger.predictor, predicted)
        )

    def answered(self, request: Request) -> None:
        """Score a request in the shadow, now that the champion's answer has left."""
        if self.challenger is not None:
            self.challenger.shadow(request)

    def refresh(self) -> None:
        """Load what the pointer names if that or the champion changed, else judge what runs."""
        try:
            versions, champion = self._store.versions(), self._store.current
            if versions is not None and champion is not None:
                self._look(Challenges(versions), versions, champion)
        except Exception as error:  # whatever is in the files
            self._log_problem(f"the challenge cannot be followed: {str(error)[:500]}")
        newest, challenger = self._newest, self.challenger
        aborted = newest.version if newest is not None and newest.action == "abort" else 0
        self._counters.version.set(challenger.predictor.version if challenger else 0)
        self._counters.aborted.set(aborted)

    def status(self) -> dict[str, Any] | None:
        """The challenge with its figures, and as a sentence; ``None`` where there is none."""
        newest, challenger = self._newest, self.challenger
        if newest is None or newest.action in ("stop", "end"):
            return None
        failing = challenger is None and self.problem is not None
        state = "aborted" if newest.action == "abort" else "fails" if failing else "runs"
        compared = challenger.figures if challenger else None
        return {
            "text": _text(newest, compared) if state == "runs" else self.problem,
            "version": newest.version,
            "route": newest.route,
            "share": newest.share,
            "against": newest.against,
            "state": state,
            "since": newest.when,
            "who": newest.who,
            "why": newest.why,
            "problem": self.problem,
            "compared": compared,
        }

    def close(self) -> None:
        """Score what waits in the shadow, as far as that is soon done."""
        if self.challenger is not None:
            self.challenger.end(self._rules.late_s)

    def _look(self, challenges: Challenges, versions: Versions, champion: Predictor) -> None:
        seen: Seen = (challenges.pointers(), f"{champion.version} {champion.bundle.hash}")
        if seen == self._seen:
            if self.challenger is not None:
                self._judge(challenges, self.challenger)
            return
        newest, challenger = challenges.newest(), None
        problem = _why_none(newest, champion)
        if newest is not None and newest.runs and problem is None:
            try:
                challenger = self._challenger(newest, versions, champion)
            except Exception as error:  # whatever a bundle's graph or files do
                problem, seen = f"the challenger cannot be asked: {str(error)[:500]}", None
        self._end()
        self._log_problem(problem)
        self.challenger, self._newest, self._seen = challenger, newest, seen
        if challenger is not None and newest is not None:
            LOGGER.info("version %d %s", newest.version, newest.description)

    def _log_problem(self, problem: str | None) -> None:
        """Keep a problem, and say it once."""
        if problem is not None and problem != self.problem:
            LOGGER.error("%s", problem)
        self.problem = problem

    def _challenger(
        self, challenge: Challenge, versions: Versions, champion: Predictor
    ) -> Challenger:
        version = versions.get(challenge.version)
        refuse_unfit(version, challenge.route, challenge.share)
        bundle = open_bundle(versions.folder / version.bundle)
        if not accepts_requests_of(bundle.contract, champion.bundle.contract):
            raise BundleError(
                f"version {version.number} has another contract than version {champion.version},"
                " whose requests it is to answer"
            )
        predictor = make_predictor(bundle, version.number, self._config.max_rows)
        folder = os.environ.get(FOLDER)  # of one server, all of whose workers know it
        token = sha256(repr(challenge).encode()).hexdigest()[:16]
        path = Path(folder) / f"challenge-{token}" if folder else None
        tally = Tally(self._rules.window, path)
        parts = (challenge, predictor, champion, tally, self._counters, self._log)
        return Challenger(*parts, late_s=self._rules.late_s)

    def _judge(self, challenges: Challenges, challenger: Challenger) -> None:
        found = challenger.judged()
        fault = broken(found, self._rules) or hung(challenger.busy_s, self._rules)
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
            self._counters.aborts.labels(fault.rule).inc()
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


def _text(challenge: Challenge, compared: Figures | None) -> str:
    does = "shadows" if challenge.route == "shadow" else "answers"
    share = f"{challenge.share * 100:.4g}% of the requests"
    known = (
        f", {compared.requests:,} of the newest compared" if compared and compared.requests else ""
    )
    return f"version {challenge.version} challenges it: {does} {share}{known}"


ROUTE = ChallengerRoute
