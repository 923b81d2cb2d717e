"""What columns are taken for, alone and together, by their values."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from {{ cookiecutter.__package }}.adopt.propose import Proposal

from .conftest import Cells, Project, doubted, misread, ours, rows_of, some, source
from .forms import KINDS, word

Infer = Callable[..., Proposal]
FORMS = 40
SEEDS = pytest.mark.parametrize("seed", range(30))


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (some("1", "2", "17"), "integer"),
        (some("1.5", "2", "1e3"), "float"),
        (some("Yes", "no", "TRUE"), "boolean"),
        (some("yes", "no", "NA"), "boolean"),
        (some("red", "blue"), "category"),
        (some("1", "2", "3+"), "category"),
        (some("2024-01-31", "2024-02-29 13:00:00"), "timestamp"),
    ],
)
def test_a_type_is_what_all_texts_are(infer: Infer, cells: Cells, kind: str) -> None:
    contract = infer(c=cells).contract
    assert (contract.columns["c"].type, "c" in contract.features) == (kind, True)


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ([""] * 400, "empty"),
        (["k"] * 400, "constant"),
        ([str(n) for n in range(400)], "names each row"),
        ([f"t-{n}-{n * n % 7}/" for n in range(400)], "names"),
        (
            [f"the note number {n} says a lot of words" for n in range(400)],
            "400 texts that hardly repeat",
        ),
    ],
)
def test_what_teaches_nothing_is_left_out_with_why(infer: Infer, cells: Cells, why: str) -> None:
    contract = infer(other=some("a", "b"), c=cells).contract
    assert contract.role("c") in {"excluded", "id"}
    assert why in str(contract.columns["c"].why)


def test_personal_values_are_known_by_their_form_and_not_shown(
    infer: Infer, capsys: pytest.CaptureFixture[str]
) -> None:
    found = infer(
        contact=[f"u{n}@example.org" for n in range(400)],
        reach=[f"+49 30 {n * 7919 + 1_000_000}" for n in range(400)],
        name=some("table", "chair"),
    )
    tagged = [name for name, one in found.contract.columns.items() if one.pii]
    assert (tagged, found.contract.role("name")) == (["contact", "reach"], "feature")
    assert doubted(found, "`contact` holds mail addresses")
    assert "example.org" not in capsys.readouterr().out


@SEEDS
def test_a_key_names_each_row_and_a_group_several_rows(infer: Infer, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - no secret
    form = draw.choice(["K{:05}", "{:08x}-a1", "{:06}"])
    key, thing, trait = (word(draw, 6, 9) for _ in range(3))
    cells = [form.format(n * 7919 % 100_000) for n in range(400)]
    things = [form.format(draw.randrange(60) + 500) for _ in range(400)]
    traits = {one: draw.choice(["north", "south", "west"]) for one in things}
    found = infer(**{key: cells, thing: things, trait: [traits[one] for one in things]})
    assert (found.contract.id, source(found.contract).repeats) == (key, "drop")
    assert doubted(found, f"`{key}` is taken as the id")
    assert found.data["split"] == {"by": "group", "group": thing}
    assert doubted(found, f"`{thing}` names what several rows are about", "by: group")


def test_of_several_that_name_each_row_the_first_is_the_id(infer: Infer) -> None:
    keys, numbers = [f"k{n}" for n in range(400)], [str(n * 37 % 400) for n in range(400)]
    found = infer(key=keys, row=numbers, pay=[str(n * n + 90_000) for n in range(400)])
    roles = [found.contract.role(name) for name in ("key", "row", "pay")]
    assert roles == ["id", "excluded", "feature"]


def test_values_that_come_back_by_chance_are_no_group(infer: Infer) -> None:
    towns = some(*("abcdefghijklmnopqrstuvwxyz"))
    found = infer(town=towns, age=[str(18 + n * 7 % 60) for n in range(400)])
    assert (found.data["split"], found.contract.role("town")) == ({"by": "hash"}, "feature")


def clock(draw: random.Random) -> list[datetime]:
    start = datetime(2019, draw.randint(1, 12), 1)
    return [start + timedelta(hours=draw.randint(20, 26) * n) for n in range(600)]


@SEEDS
def test_a_leak_by_several_columns_together_is_suspected(project: Project, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - no secret
    names = [word(draw, 5, 9) for _ in range(draw.randint(2, 4))]
    signs = [draw.choice([1, 1, -1]) for _ in names]
    parts = [
        [round(draw.uniform(0, 10 * (k + 1)), 2) for _ in range(400)] for k in range(len(names))
    ]
    total = [
        sum(s * v for s, v in zip(signs, row, strict=True)) for row in zip(*parts, strict=True)
    ]
    columns = {name: [f"{v:.2f}" for v in part] for name, part in zip(names, parts, strict=True)}
    columns |= {"y": [f"{v:.2f}" for v in total], "colour": some("red", "blue")}
    found = project.infer({"noise": [str(n * 37 % 91) for n in range(400)]} | columns)
    for name in names:
        assert doubted(found, f"`{name}`", "y")
        assert found.contract.columns[name].leaks


@SEEDS
def test_a_time_that_lies_after_the_rows_time_is_suspected(project: Project, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - no secret
    form = draw.choice(["%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%a, %d %b %Y %H:%M:%S GMT"])
    at, later = clock(draw), word(draw, 5, 9)
    closed = [t + timedelta(minutes=draw.randint(1, 9000)) for t in at]
    born = [t - timedelta(days=draw.randint(1, 9000)) for t in at]
    columns = {"when": at, later: closed, "born": born}
    written = {name: [t.strftime(form) for t in cells] for name, cells in columns.items()}
    found = project.infer(ours(written), time="when")
    assert doubted(found, f"`{later}` always lies after when")
    leaking = [name for name, one in found.contract.columns.items() if one.leaks]
    assert leaking == [later]


def test_what_alone_predicts_the_target_is_excluded_unless_nothing_else_is_left(
    infer: Infer,
) -> None:
    y = some("yes", "no")
    closed = ["2024-01-01" if one == "yes" else "" for one in y]
    found = infer(y=y, closed_on=closed)
    assert (found.contract.columns["closed_on"].leaks, found.contract.features) == (True, ("x",))
    assert doubted(found, "`closed_on` alone tells y", "a leak?")
    found = infer(y=y, x=["1.5" if one == "yes" else "0" for one in y])
    assert found.contract.features == ("x",)
    assert doubted(found, "`x` alone tells y", "is it known before?")


@pytest.mark.parametrize("kind", KINDS)
def test_every_value_is_read_as_meant_or_doubted(project: Project, kind: str) -> None:
    forms = {f"c{n}": KINDS[kind](random.Random(f"{kind} {n}")) for n in range(FORMS)}  # noqa: S311
    columns = ours({name: texts for name, (texts, _) in forms.items()})
    proposal = project.infer(columns)
    rows = rows_of(proposal.contract)
    assert len(rows) == len(columns["y"])
    wrong = [misread(proposal, rows, name, *form) for name, form in forms.items()]
    assert list(filter(None, wrong)) == []


@pytest.mark.slow
def test_twenty_thousand_columns_are_adopted(project: Project) -> None:
    draw = random.Random(0)  # noqa: S311 - no secret
    columns = {f"c{n}": [f"{draw.random():.3f}" for _ in range(100)] for n in range(20_000)}
    assert project.infer(ours(columns))


@SEEDS
def test_time_spread_over_columns_is_doubted(project: Project, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - no secret
    at = clock(draw)
    parts = {"%Y": "a", "%m": "b", "%d": "c", "%H": "d"}
    picked = draw.choice([["%Y", "%m"], ["%Y", "%m", "%d"], ["%Y", "%m", "%d", "%H"], ["%m", "%H"]])
    columns = {parts[one] + word(draw): [str(int(t.strftime(one))) for t in at] for one in picked}
    found = project.infer(ours(columns))
    assert doubted(found, *(f"`{name}`" for name in columns), "when a row happened", "--time")
