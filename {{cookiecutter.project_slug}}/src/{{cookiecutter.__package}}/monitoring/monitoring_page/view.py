"""What the page shows, in words and figures. Pure: what was kept in, what is shown out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from ...models.tasks import task_of
from ..finding import Finding
from ..history import JudgedWindow
from . import draw
from .draw import Line, Point, figure
from .kept import Kept
from .parts import LEVELS, Cell, Chart, Strip, Tile, interval, level, range_of, row
from .words import KINDS, kind_words, measure, plural, subject, unit, window_name

MOST_CHARTS, MOST_COLUMNS, MOST_SLICES = 12, 30, 20
DRIFTS = ("data_drift", "prediction_drift")
State = Literal["alert", "calm", "unjudged"]


class View:
    """A model's monitoring, looked at from the newest judged window."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        names = {f.kind for window in kept.windows for f in window.findings} - {"data_drift"}
        others = sorted(names - set(KINDS))
        self.kinds = {n: kind_words(n) for n in [*KINDS, *others] if n in names}
        self.newest = kept.newest
        self.findings = self.newest.findings if self.newest else ()
        self.names = list(dict.fromkeys(w.name for w in kept.windows))
        self.shown = {w.name: window_name(w, year=True) for w in kept.windows}
        self.open = [alert for alert in kept.alerts if alert.resolved is None]
        self.resolved = [alert for alert in kept.alerts if alert.resolved]
        columns = [f for f in self.findings if f.kind in DRIFTS and f.limit is not None]
        self.columns = {f.subject for f in columns}
        self.beyond = {f.subject for f in columns if f.breach}

    @property
    def state(self) -> State:
        """In one word."""
        return "alert" if self.open else "calm" if self.newest else "unjudged"

    @property
    def told(self) -> str:
        """The state in a sentence."""
        if self.newest is None:
            return "No window is complete with rows enough to be judged."
        if self.open:
            since = min(alert.since for alert in self.open)
            verb = "is" if len(self.open) == 1 else "are"
            return f"{plural(len(self.open), 'alert')} {verb} open, the oldest since {self.name(since)}."
        others = [f for f in self.findings if f.breach]
        if others:
            beyond = ", ".join(dict.fromkeys(subject(f.subject) for f in others))
            return f"Outside the reference range, but not for long enough to be an alert: {beyond}."
        return "Everything that was judged is within its reference range."

    def name(self, window: str) -> str:
        """A window's name for people, also of one that is not shown."""
        return self.shown.get(window, window)

    def tiles(self) -> Iterator[Tile]:
        """The figures of the newest judged window."""
        if self.newest is None:
            return
        main = task_of(self.kept.contract).main
        found = self.latest("quality", main)
        if found is not None:
            window, one = found
            yield Tile(
                title=measure(one),
                value=figure(one.value, ""),
                more=self._about(window, one),
                bad=one.breach,
            )
        window = self.newest
        share = window.labelled / window.rows if window.rows else 0
        yield Tile(
            title="Labels known",
            value=figure(share, "%"),
            more=f"{window.labelled:,} of {plural(window.rows, 'row')}",
        )
        if self.columns:
            yield Tile(
                title="Outside the range",
                value=f"{len(self.beyond)} of {len(self.columns)}",
                more="columns, predictions among them",
            )
        yield Tile(
            title="Alerts open",
            value=str(len(self.open)),
            more=(
                f"{len(self.resolved)} resolved before" if self.resolved else "none resolved before"
            ),
        )

    def latest(self, kind: str, name: str) -> tuple[JudgedWindow, Finding] | None:
        """The newest finding about all rows, which for quality lags behind the outcomes."""
        for window in reversed(self.kept.windows):
            for one in window.findings:
                if (one.kind, one.subject, one.part) == (kind, name, ""):
                    return window, one
        return None

    def charts(self) -> list[Chart]:
        """What is followed over time."""
        main = task_of(self.kept.contract).main
        series: dict[tuple[str, str, str, str], list[tuple[JudgedWindow, Finding]]] = {}
        for window in self.kept.windows:
            for one in window.findings:
                kind = self.kinds.get(one.kind)
                if kind is not None and (kind.parts or not one.part):
                    key = (one.kind, one.subject, one.part, one.measure)
                    series.setdefault(key, []).append((window, one))
        order = sorted(self.kinds, key=lambda name: not self.kinds[name].whole)
        ranked = sorted(
            series.items(), key=lambda item: (order.index(item[0][0]), item[0][1] != main)
        )
        wanted = [item for item in ranked if self._wanted(item[0], item[1], main, series)]
        charts = [self._chart(found) for _, found in wanted[:MOST_CHARTS]]
        known = self._known()
        return [*charts[:1], known, *charts[1:]] if charts else [known]

    def strip(self) -> Strip:
        """How near each column came to its limit in each window."""
        cells: dict[str, dict[str, Cell]] = {}
        strength: dict[str, float] = {}
        for window in self.kept.windows:
            for one in window.findings:
                if one.kind in DRIFTS and one.limit is not None:
                    column = cells.setdefault(one.subject, {})
                    before = column.get(window.name)
                    cell = Cell(level=level(one), told=self._says(window, one))
                    if before is None or LEVELS.index(cell.level) >= LEVELS.index(before.level):
                        column[window.name] = cell
                    near = one.value / one.limit if one.limit else 0.0
                    strength[one.subject] = max(strength.get(one.subject, 0), near + 9 * one.breach)
        ranked = sorted(cells, key=lambda name: -strength[name])
        rows = [
            (
                subject(name),
                [cells[name].get(w, Cell(level="none", told="not judged")) for w in self.names],
            )
            for name in ranked[:MOST_COLUMNS]
        ]
        group = max(4, -(-len(self.names) // 12))
        firsts = self.names[::group]
        heads = [
            (self.shown[name], min(group, len(self.names) - group * at))
            for at, name in enumerate(firsts)
        ]
        return Strip(heads=heads, rows=rows, left_out=len(ranked) - len(rows))

    def shapes(self) -> Iterator[tuple[Chart, bool]]:
        """Each column in the newest judged window beside training; whether it is beyond ordinary."""
        judged = {f.subject: f for f in self.findings if f.kind in DRIFTS and f.limit is not None}

        def far(name: str) -> float:
            one = judged.get(name)
            return (one.value / one.limit + 9 * one.breach) if one and one.limit else 0.0

        ranked = sorted(self.kept.shapes, key=lambda shape: -far(shape.column))
        for shape in ranked[:MOST_COLUMNS]:
            column = self.kept.contract.columns.get(shape.column)
            name = subject(shape.column) + (f" ({column.unit})" if column and column.unit else "")
            one = judged.get(shape.column)
            note = "Not judged." if one is None else self._distance(one)
            drawn = draw.shape(f"{name}: {note}", shape)
            yield Chart(title=name, drawn=drawn, note=note), bool(one and one.breach)

    def slices(self) -> list[dict[str, Any]]:
        """The newest quality of slices, those beyond their limit first."""
        main = task_of(self.kept.contract).main
        for window in reversed(self.kept.windows):
            found = [
                f for f in window.findings if f.kind == "quality" and f.part and f.subject == main
            ]
            if found:
                found.sort(key=lambda f: (not f.breach, f.value))
                return [row(one, of=one.part) for one in found[:MOST_SLICES]]
        return []

    def measured(self) -> list[dict[str, Any]]:
        """Everything about all rows in the newest judged window, but for single columns."""
        return [
            row(one, of=f"{self.kinds[one.kind].title}: {subject(one.subject)}")
            for one in self.findings
            if one.kind in self.kinds and not (one.kind == "quality" and one.part)
        ]

    def windows(self) -> list[dict[str, Any]]:
        """A row for each window, newest first."""
        main = task_of(self.kept.contract).main
        rows = []
        for window in reversed(self.kept.windows):
            found = window.findings
            quality = next(
                (f for f in found if (f.kind, f.subject, f.part) == ("quality", main, "")), None
            )
            beyond = dict.fromkeys(
                subject(f.subject) + (f" ({f.part})" if f.part else "") for f in found if f.breach
            )
            rows.append(
                {
                    "name": self.name(window.name),
                    "version": window.version,
                    "rows": f"{window.rows:,}",
                    "known": figure(window.labelled / window.rows if window.rows else 0, "%"),
                    "quality": "–" if quality is None else interval(quality),
                    "beyond": ", ".join(beyond)
                    or (
                        "nothing" if found else "not judged" if window.complete else "not over yet"
                    ),
                }
            )
        return rows

    def _wanted(
        self,
        key: tuple[str, str, str, str],
        found: Sequence[tuple[JudgedWindow, Finding]],
        main: str,
        series: Mapping[tuple[str, str, str, str], object],
    ) -> bool:
        """The deciding metric, what is judged, and what is all there is of its kind."""
        kind, name, _, what = key
        if kind == "quality":
            return name == main or (what != "coverage" and any(one.breach for _, one in found))
        alone = sum(other[0] == kind for other in series) == 1
        return alone or any(one.limit is not None for _, one in found)

    def _chart(self, found: Sequence[tuple[JudgedWindow, Finding]]) -> Chart:
        _, first = found[0]
        kind, what = self.kinds[first.kind], measure(first)
        about = [kind.title, what]
        if not kind.whole:
            about.insert(1, subject(first.subject))
        if first.part:
            about.append(first.part)
        title = ": ".join([about[0], ", ".join(dict.fromkeys(about[1:]))])
        title += f" ({unit(first)})" if unit(first) not in ("", "%", what) else ""
        versions: dict[int, list[Point]] = {}
        for window, one in found:
            point = Point(
                at=self.names.index(window.name),
                value=one.value,
                low=one.low,
                high=one.high,
                limit=one.limit,
                breach=one.breach,
                told=self._says(window, one),
            )
            versions.setdefault(window.version, []).append(point)
        lines = [Line(name=f"version {n}", points=points) for n, points in versions.items()]
        shown = list(self.shown.values())
        return Chart(
            title=title, drawn=draw.timeline(title, lines, shown, unit(first)), note=kind.note
        )

    def _known(self) -> Chart:
        """The share of rows whose outcome is known."""
        points: dict[int, list[Point]] = {}
        for w in self.kept.windows:
            share = w.labelled / w.rows if w.rows else 0.0
            told = f"{self.name(w.name)}: {w.labelled:,} of {plural(w.rows, 'row')}"
            point = Point(at=self.names.index(w.name), value=share, told=told)
            points.setdefault(w.version, []).append(point)
        lines = [Line(name=f"version {n}", points=found) for n, found in points.items()]
        title = "Labels known, of all rows"
        note = (
            "Quality is judged on these rows alone. The newest windows have fewer, since labels come"
            " late."
        )
        drawn = draw.timeline(title, lines, list(self.shown.values()), "%")
        return Chart(title=title, drawn=drawn, note=note)

    def _says(self, window: JudgedWindow, one: Finding) -> str:
        told = f"{subject(one.subject)}, {self.name(window.name)}: {self._distance(one)}"
        return f"{told} {one.sudden}" if one.sudden else told

    def _distance(self, one: Finding) -> str:
        told = f"{measure(one)} {interval(one)}"
        if one.limit is not None:
            told += f", limit {figure(one.limit, unit(one))}"
        return f"{told}: outside the reference range." if one.breach else f"{told}."

    def _about(self, window: JudgedWindow, one: Finding) -> str:
        told = f"{range_of(one)}, " if one.low is not None else ""
        told += (
            f"week of {self.name(window.name)}"
            if window.length == "7 days"
            else self.name(window.name)
        )
        return told + (f"; limit {figure(one.limit, unit(one))}" if one.limit is not None else "")
