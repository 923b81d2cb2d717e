"""Where a setting's value comes from, and what a wrong one is told."""

from datetime import date
from operator import attrgetter
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.config import (
    Config,
    DateSplit,
    HashSplit,
    RecentSplit,
    Section,
    SplitConfig,
    load,
)
from {{ cookiecutter.__package }}.errors import ConfigError

from .conftest import PACKAGE, ROOT
from .test_config_files import UNFILLED

DATA = "driving: orders\nsplit: {validation_from: 2024-02-01, test_from: 2024-03-01}\n"
PREFIX = f"{PACKAGE.upper()}__"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The least configuration that is complete."""
    (tmp_path / "data.yaml").write_text(DATA)
    return tmp_path


def epochs(folder: Path, *overrides: str) -> int | None:
    return load(folder, overrides).train.epochs


def test_the_command_line_goes_before_environment_file_and_default(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert epochs(folder) is None
    (folder / "train.yaml").write_text("epochs: 6\n")
    assert epochs(folder) == 6
    monkeypatch.setenv(f"{PREFIX}TRAIN__EPOCHS", "7")
    assert epochs(folder) == 7
    assert epochs(folder, "train.epochs=8") == 8
    assert epochs(folder, "train.epochs=8", "train.epochs=9") == 9


def test_a_file_that_is_named_goes_over_the_folder_and_under_the_rest(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting with settings of its own is replaced whole: what a kind takes, another may not."""
    (folder / "train.yaml").write_text("epochs: 6\nseed: 3\nmodel: {kind: mlp, hidden: [8]}\n")
    over = folder / "tuned.yaml"
    over.write_text("train: {epochs: 7, model: {kind: lightgbm}}\n")
    train = load(folder, over=over).train
    assert (train.epochs, train.seed, train.model.kind) == (7, 3, "lightgbm")
    assert train.model.model_extra == {}
    assert load(folder, ["train.epochs=9"], over).train.epochs == 9
    monkeypatch.setenv(f"{PREFIX}TRAIN__EPOCHS", "8")
    assert load(folder, over=over).train.epochs == 8
    for wrong in ("epochs: 7\n", "trains: {epochs: 7}\n", "train: 7\n"):
        over.write_text(wrong)
        with pytest.raises(ConfigError, match=r"tuned.yaml' must hold settings by section"):
            load(folder, over=over)
    with pytest.raises(ConfigError, match=r"nowhere.yaml' does not exist"):
        load(folder, over=folder / "nowhere.yaml")


def test_a_nested_setting_leaves_its_neighbours_as_they_were(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "train.yaml").write_text("folds: {number: 4, below_rows: 9}\ngate:\n")
    monkeypatch.setenv(f"{PREFIX}TRAIN__FOLDS__NUMBER", "6")
    train = load(folder, ["train.model.hidden=[8, 4]", "train.gate.resamples=200"]).train
    assert (train.folds.number, train.folds.below_rows) == (6, 9)
    assert train.model.model_extra == {"hidden": [8, 4]}
    assert train.gate.resamples == 200


# an override → the setting and its value
OVERRIDES: list[tuple[str, object]] = [
    ("train.learning_rate=1e-3", 0.001),
    ("train.threads=null", None),
    ("train.tracking_uri=sqlite:///a=b.db", "sqlite:///a=b.db"),
    (" train.promote =auto", "auto"),
    ("data.directory=/some where/é", Path("/some where/é")),
    ("monitor.quality.persistence=[1, 2]", (1, 2)),
    ("data.keep=last", "last"),
]


@pytest.mark.parametrize(("override", "expected"), OVERRIDES)
def test_the_text_of_an_override_is_read_as_in_a_file(
    folder: Path, override: str, expected: object
) -> None:
    path = override.partition("=")[0].strip()
    assert attrgetter(path)(load(folder, [override])) == expected


def test_mlflows_own_variable_comes_between_ours_and_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "train.yaml").write_text("tracking_uri: sqlite:///file.db")

    def given(*overrides: str) -> str:
        return load(folder, overrides).train.tracking_uri

    assert given() == "sqlite:///file.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    assert given() == "sqlite:///file.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:5000")
    assert given() == "http://mlflow:5000"
    monkeypatch.setenv(f"{PREFIX}TRAIN__TRACKING_URI", "sqlite:///ours.db")
    assert given() == "sqlite:///ours.db"
    assert given("train.tracking_uri=sqlite:///typed.db") == "sqlite:///typed.db"


# the setting as a file or the command line gives it → how rows are split
SPLITS: list[tuple[str, SplitConfig]] = [
    (
        "{validation_from: 2024-02-01, test_from: 2024-03-01}",
        DateSplit(validation_from=date(2024, 2, 1), test_from=date(2024, 3, 1)),
    ),
    (
        "{by: date, validation_from: '2024-02-01', test_from: '2024-03-01'}",
        DateSplit(validation_from=date(2024, 2, 1), test_from=date(2024, 3, 1)),
    ),
    ("{by: hash}", HashSplit(by="hash", validation=0.1, test=0.2, salt="")),
    ("{by: hash, test: 0.3, salt: two}", HashSplit(by="hash", test=0.3, salt="two")),
    ("{by: group, group: customer}", HashSplit(by="group", group="customer")),
    ("{by: recent, test_days: 7}", RecentSplit(by="recent", validation_days=28, test_days=7)),
]


@pytest.mark.parametrize(("written", "expected"), SPLITS, ids=[text for text, _ in SPLITS])
def test_rows_are_split_as_the_file_or_the_command_line_says(
    folder: Path, written: str, expected: SplitConfig
) -> None:
    assert load(folder, [f"data.split={written}"]).data.split == expected
    (folder / "data.yaml").write_text(f"driving: orders\nsplit: {written}\n")
    config = load(folder)
    assert config.data.split == expected
    assert Config.model_validate_json(config.model_dump_json()) == config


def test_one_key_of_a_split_can_be_overridden(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "data.yaml").write_text("driving: orders\nsplit: {by: group, group: city}\n")
    monkeypatch.setenv(f"{PREFIX}DATA__SPLIT__TEST", "0.4")
    split = load(folder, ["data.split.salt='7'"]).data.split
    assert split == HashSplit(by="group", group="city", test=0.4, salt="7")


# overrides that are wrong → what the message says
WRONG = [
    ("train.epochs=0", ["train.epochs", "greater than 0", "given 0"]),
    ("train.epochs=many", ["train.epochs", "integer", "given 'many'"]),
    ("train.epoch=3", ["train.epoch:", "no such key", "'train.epochs'", "(--set)"]),
    ("train.learning_rate=.inf", ["train.learning_rate", "finite"]),
    ("train.device=tpu", ["train.device", "'auto', 'cpu', 'cuda' or 'mps'", "given 'tpu'"]),
    ("data.split.test_from=2024-01-01", ["data.split", "validation_from must be before test_from"]),
    ("data.split.by=[hash]", ["data.split.by", "given ['hash']"]),
    ("train.model={a: {b: secret}, kind: [1]}", ["train.model.kind", "string"]),
    ("train.epochs={token: hunter2}", ["train.epochs", "given the keys ['token']"]),
    ("train.password=hunter2", ["train.password: there is no such key"]),
    (f"train.epochs={UNFILLED}", ["--set", "'train.epochs'", "placeholder"]),
    (f"train.epochs={'[' * 3000}", ["--set", "'train.epochs'", "more than 20 deep"]),
    ("data.split.by=hash", ["data.split.validation_from", "data.split.test_from", "no such key"]),
    ("data.split=hash", ["data.split:", "given 'hash'"]),
    ("data.split={by: hash, test: 2}", ["data.split.test:", "less than 1", "given 2"]),
    ("data.split={by: hash, test: .5, validation: .5}", ["data.split:", "nothing to train on"]),
    ("data.split={by: hash, group: city}", ["data.split:", "group: name a column with by: group"]),
    ("data.split={by: group}", ["data.split:", "group: name a column with by: group"]),
    (
        "train.tracker=mlfow",
        ["train.tracker: 'mlfow' is no tracker; valid are mlflow, ", "did you mean 'mlflow'?"],
    ),
    (
        "monitor.quality.persistence=[3, 2]",
        ["monitor.quality: persistence is (k, m) with k at most m"],
    ),
    (
        "monitor.quality.severity=loud",
        ["monitor.quality.severity", "'info', 'warning' or 'critical'"],
    ),
    ("train.epochs.more=3", ["--set", "'train.epochs.more' has no keys below 'epochs'"]),
    (
        "train.epochs",
        ["--set", "'train.epochs' does not start section.key=value", "data, train, serve"],
    ),
    ("training.epochs=3", ["--set", "the sections are data, train, serve, monitor"]),
    ("", ["--set", "does not start section.key=value"]),
    ("train.hidden=[1, 2", ["train.hidden", "no such key"]),
]


@pytest.mark.parametrize(("override", "words"), WRONG)
def test_a_wrong_override_is_told_by_its_key(folder: Path, override: str, words: list[str]) -> None:
    (folder / "train.yaml").write_text("epochs: 6\n")
    with pytest.raises(ConfigError) as caught:
        load(folder, [override])
    assert [word for word in words if word not in str(caught.value)] == []
    assert "hunter2" not in str(caught.value)  # what was given may be a secret
    assert "split.date" not in str(caught.value)  # no kind of a split is a key
    assert "split.hash" not in str(caught.value)


VARIABLES = [
    ("TRAIN__EPOCHS", "0", ["train.epochs", "given 0"]),
    ("TRAIN__EPOCH", "3", ["train.epoch:", "'train.epochs'", f"({PREFIX}TRAIN__EPOCH)"]),
    ("TRAINING__EPOCHS", "3", [f"{PREFIX}TRAINING__EPOCHS", "the sections are data, train"]),
    ("TRIAN__EPOCHS", "hunter2", [f"{PREFIX}TRIAN__EPOCHS", "did you mean 'train'?"]),
]


@pytest.mark.parametrize(("name", "value", "words"), VARIABLES)
def test_a_wrong_variable_is_told_by_its_name_or_key(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: list[str]
) -> None:
    monkeypatch.setenv(f"{PREFIX}{name}", value)
    with pytest.raises(ConfigError) as caught:
        load(folder)
    assert [word for word in words if word not in str(caught.value)] == []
    assert "hunter2" not in str(caught.value)


def test_every_fault_is_told_at_once(folder: Path) -> None:
    (folder / "train.yaml").write_text("epochs: 0\nspeed: 3\n")
    (folder / "data.yaml").write_text("split: {test_from: 2024-01-01}\n")
    with pytest.raises(ConfigError) as caught:
        load(folder)
    lines = str(caught.value).splitlines()
    assert lines[0].endswith("4 not valid")
    keys = [line.split(":")[0].strip() for line in lines[1:]]
    assert keys == ["data.driving", "data.split.validation_from", "train.epochs", "train.speed"]


def test_the_projects_own_settings_are_valid() -> None:
    assert isinstance(load(ROOT / "configs"), Config)


def test_every_setting_is_explained() -> None:
    unexplained = [
        f"{name}.{key}"
        for name, section in Config.model_fields.items()
        for key, setting in getattr(section.annotation, "model_fields", {}).items()
        if not setting.description
    ]
    assert unexplained == []


@pytest.mark.parametrize(
    ("override", "meant"),
    [
        ("train.kind=mlp", "train.model.kind"),
        ("train.epoch=3", "train.epochs"),
        ("train.gate.resample=9", "train.gate.resamples"),
        ("trian.epochs=3", "train"),
    ],
)
def test_a_wrong_key_is_answered_by_the_nearest_that_there_is(
    folder: Path, override: str, meant: str
) -> None:
    with pytest.raises(ConfigError, match=rf"did you mean '{meant}'\?"):
        load(folder, [override])


class SearchConfig(Section):
    """Settings of an option."""

    trials: int = 40


def test_an_option_has_settings_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "search.yaml").write_text("trials: 5\n")
    assert load(folder).settings("search", SearchConfig).trials == 5
    assert load(folder).settings("absent", SearchConfig).trials == 40
    assert load(folder, ["search.trials=7"]).settings("search", SearchConfig).trials == 7
    monkeypatch.setenv(f"{PREFIX}SEARCH__TRIALS", "6")
    assert load(folder).settings("search", SearchConfig).trials == 6
    with pytest.raises(ConfigError, match=r"search.trial: .* did you mean 'search.trials'\?"):
        load(folder, ["search.trial=7"]).settings("search", SearchConfig)
