"""Where a setting's value comes from, and what the message about a wrong one says."""

import time
from datetime import date
from operator import attrgetter
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.config import (
    Config,
    Section,
    TrainConfig,
    load,
)
from {{ cookiecutter.__package }}.errors import ConfigError

from .conftest import PACKAGE, ROOT

DATA = "driving: orders\nsplit: {validation_from: 2024-02-01, test_from: 2024-03-01}\n"
PREFIX = f"{PACKAGE.upper()}__"
UNFILLED = "{" * 2 + " EPOCHS " + "}" * 2  # as a template leaves it


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The least configuration that is complete."""
    (tmp_path / "data.yaml").write_text(DATA)
    return tmp_path


def refusal(folder: Path, *overrides: str) -> str:
    """The message about wrong settings; a value that may be a secret is not repeated."""
    with pytest.raises(ConfigError) as caught:
        load(folder, overrides)
    assert "hunter2" not in str(caught.value)
    assert len(str(caught.value)) < 600
    return str(caught.value)


def test_the_command_line_goes_before_environment_named_file_folder_and_default(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = folder / "tuned.yaml"
    over.write_text("train: {epochs: 7, model: {kind: lightgbm}}\n")
    (folder / "train.yaml").write_text("# nothing\n")
    assert load(folder).train == TrainConfig()
    (folder / "train.yaml").write_text(
        "epochs: 6\nseed: 3\nmodel: {kind: mlp, hidden: [8]}\ntracking_uri: sqlite:///file.db\n"
    )
    assert load(folder).train.epochs == 6
    for name in ("MLFLOW_TRACKING_URI", f"{PREFIX}TRAIN__TRACKING_URI"):
        monkeypatch.setenv(name, name)
        assert load(folder).train.tracking_uri == name
    train = load(folder, over=over).train
    assert (train.epochs, train.seed, train.model.model_dump()) == (7, 3, {"kind": "lightgbm"})
    monkeypatch.setenv(f"{PREFIX}TRAIN__EPOCHS", "8")
    assert load(folder, over=over).train.epochs == 8
    assert load(folder, ["train.epochs=9", "train.epochs=10"], over).train.epochs == 10
    for wrong in ("epochs: 7\n", "trains: {epochs: 7}\n", "train: 7\n"):
        over.write_text(wrong)
        with pytest.raises(ConfigError, match=r"tuned.yaml' must hold settings by section"):
            load(folder, over=over)


# an override → the setting and its value
OVERRIDES: list[tuple[str, object]] = [
    ("train.learning_rate=1e-3", 0.001),
    ("train.epochs=null", None),
    ("train.tracking_uri=sqlite:///a=b.db", "sqlite:///a=b.db"),
    ("data.directory=/some where/é", Path("/some where/é")),
    ("monitor.quality.persistence=[1, 2]", (1, 2)),
    ("monitor.staleness={threshold: 90}", {"threshold": 90, "persistence": (1, 1)}),
    ("data.split={by: recent, test_days: 7}", {"validation_days": 28, "test_days": 7}),
    ("data.split.test_from=2024-04-01", {"by": "date", "test_from": date(2024, 4, 1)}),
]


@pytest.mark.parametrize(("override", "expected"), OVERRIDES)
def test_the_text_of_an_override_is_read_as_in_a_file(
    folder: Path, override: str, expected: object
) -> None:
    config = load(folder, [override])
    value = attrgetter(override.partition("=")[0].strip().removesuffix(".test_from"))(config)
    if isinstance(expected, dict):
        assert expected.items() <= value.model_dump().items()
    else:
        assert value == expected
    assert Config.model_validate_json(config.model_dump_json()) == config


# overrides that are wrong → what the message says
WRONG = [
    ("train.epochs=0", ["  train.epochs:", "greater than 0", "given 0", "--set"]),
    ("train.epoch=3", ["train.epoch:", "no such key; did you mean 'train.epochs'?"]),
    ("train.learning_rate=.inf", ["train.learning_rate", "finite"]),
    ("train.gate.skip=[size]", ["train.gate.skip.0", "'no leaky feature', ", "given 'size'"]),
    ("train.threshold.objective=cost", ["train.threshold", "needs false_negative_cost"]),
    ("train.epochs={token: hunter2}", ["train.epochs", "given a dict of 1"]),
    (f"train.epochs={UNFILLED}", ["train.epochs:", f"given '{UNFILLED}'"]),
    (f"train.epochs={'[' * 3000}", ["train.epochs:", "given '[[[[[["]),
    ("train.epochs.more=3", ["--set", "'train.epochs.more' has no keys below 'epochs'"]),
    ("train.epochs", ["'train.epochs' does not start section.key=value", "data, train, serve"]),
    ("trian.epochs=3", ["--set", "the sections are data, train", "did you mean 'train'?"]),
    ("data.split={by: group}", ["data.split:", "group: name a column with by: group"]),
    ("monitor.quality.persistence=[3, 2]", ["monitor.quality: persistence is (k, m)"]),
]


@pytest.mark.parametrize(("override", "words"), WRONG)
def test_a_wrong_override_is_reported_by_its_key(
    folder: Path, override: str, words: list[str]
) -> None:
    (folder / "train.yaml").write_text("epochs: 6\n")
    message = refusal(folder, override)
    assert [word for word in words if word not in message] == []


def test_a_wrong_variable_is_reported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, what in (
        ("TRAIN__EPOCH", "train.epoch: there is no such key; did you mean 'train.epochs'?"),
        ("TRIAN__EPOCHS", f"{PREFIX}TRIAN__EPOCHS: "),
    ):
        monkeypatch.setenv(PREFIX + name, "hunter2")
        assert what in refusal(folder)


def test_every_fault_is_reported_at_once(folder: Path) -> None:
    (folder / "train.yaml").write_text("epochs: 0\nspeed: 3\n")
    (folder / "data.yaml").write_text("split: {test_from: 2024-01-01}\n")
    first, *lines = refusal(folder).splitlines()
    assert first.endswith("4 not valid")
    keys = [line.split(":")[0].strip() for line in lines]
    assert keys == ["data.driving", "data.split.validation_from", "train.epochs", "train.speed"]


# the content of train.yaml → what the message says
FILES = [
    ("[1, 2]", ["keys and values", "list"]),
    ("epochs: [1", ["not valid YAML", "line 1"]),
    ("epochs: 3\nseed: 1\nepochs: 4", ["'epochs' is given twice", "line 3"]),
    ("3: 4", ["the key 3 is not read as a text; put it in quotes", "line 1"]),
    (f"seed: 1\nepochs: {UNFILLED}", ["placeholder", "not filled in", "line 2"]),
    ("seed: !!python/name:os.system", ["not valid YAML", "tag", "line 1"]),
    ("seed: 2024-99-99", ["not valid YAML", "month"]),
    ("seed: 1\n---\nseed: 2", ["not valid YAML", "single document"]),
    ("seed: " + "[" * 3000 + "]" * 3000, ["more than 20 deep", "line 1"]),
    ("a: &a [x, x]\n" + "b: &b [*a, *a]\n", ["anchors and aliases such as &a"]),
    ("a: [" + "1, " * 200_000, ["not valid YAML"]),
    ("{" * 1_000_000, ["more than 20 deep"]),
]


@pytest.mark.parametrize(("content", "words"), FILES, ids=lambda value: str(value)[:30])
def test_a_file_that_is_no_section_is_reported_by_its_name_in_bounded_time(
    folder: Path, content: str, words: list[str]
) -> None:
    (folder / "train.yaml").write_text(content)
    start = time.process_time()
    message = refusal(folder)
    assert time.process_time() - start < 5
    assert [word for word in ("train.yaml'", *words) if word not in message] == []


def test_a_file_or_folder_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "serve.yaml").write_bytes("host: café".encode("latin-1"))
    assert "serve.yaml' is not valid YAML" in refusal(folder)
    (folder / "serve.yaml").unlink()
    (folder / "serve.yaml").symlink_to("/dev/zero")
    assert "serve.yaml' is larger than 10 MB" in refusal(folder)
    (folder / "serve.yaml").rename(folder / "trian.yaml")
    assert "trian.yaml'; did you mean 'train.yaml'?" in refusal(folder)
    assert "--configs" in refusal(folder / "nowhere")


def test_the_projects_own_settings_are_valid() -> None:
    assert isinstance(load(ROOT / "configs"), Config)


class SearchConfig(Section):
    """Settings of an option."""

    trials: int = 40


def test_an_option_has_settings_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "search.yaml").write_text("trials: 5\n")
    monkeypatch.setenv(f"{PREFIX}SEARCH__TRIALS", "6")
    assert load(folder).settings("search", SearchConfig).trials == 6
    assert load(folder).settings("absent", SearchConfig).trials == 40
    assert load(folder, ["search.trials=7"]).settings("search", SearchConfig).trials == 7
    wrong = load(folder, ["search.trial=7"])
    with pytest.raises(ConfigError, match=r"'search': 1 .*\n  trial: .* did you mean 'trials'\?"):
        wrong.settings("search", SearchConfig)
