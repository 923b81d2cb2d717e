"""Where a setting's value comes from, and what a wrong one is told."""

from datetime import date
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.config import (
    Config,
    DateSplit,
    HashSplit,
    SplitConfig,
    TrainConfig,
    load,
    read_yaml,
)
from {{ cookiecutter.__package }}.errors import ConfigError

from .conftest import PACKAGE, ROOT

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


def test_a_nested_setting_leaves_its_neighbours_as_they_were(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "train.yaml").write_text("model: {embedding: 4, bins: 9}\ngate:\n")
    monkeypatch.setenv(f"{PREFIX}TRAIN__MODEL__EMBEDDING", "6")
    train = load(folder, ["train.model.hidden=[8, 4]", "train.gate.resamples=200"]).train
    assert (train.model.embedding, train.model.bins, train.model.hidden) == (6, 9, (8, 4))
    assert train.gate.resamples == 200


# an override → the setting and its value
OVERRIDES: list[tuple[str, object]] = [
    ("train.learning_rate=1e-3", 0.001),
    ("train.threads=null", None),
    ("train.tracking_uri=", ""),
    ("train.tracking_uri=''", ""),
    ("train.tracking_uri=sqlite:///a=b.db", "sqlite:///a=b.db"),
    (" train.promote =auto", "auto"),
    ("data.directory=/some where/é", Path("/some where/é")),
    ("monitor.persistence=[1, 2]", (1, 2)),
    ("data.keep=last", "last"),
    ("data.engine=pyspark", "pyspark"),
]


@pytest.mark.parametrize(("override", "expected"), OVERRIDES)
def test_the_text_of_an_override_is_read_as_in_a_file(
    folder: Path, override: str, expected: object
) -> None:
    section, key = override.partition("=")[0].strip().split(".")
    if expected is None and key == "tracking_uri":
        with pytest.raises(ConfigError, match=r"train\.tracking_uri"):
            load(folder, [override])
    else:
        assert getattr(getattr(load(folder, [override]), section), key) == expected


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
    ("train.epoch=3", ["train.epoch:", "not permitted", "given 3"]),
    ("train.model.width=3", ["train.model.width", "not permitted"]),
    ("train.learning_rate=.inf", ["train.learning_rate", "finite"]),
    ("train.learning_rate=.nan", ["train.learning_rate"]),
    ("train.device=tpu", ["train.device", "'auto', 'cpu', 'cuda' or 'mps'", "given 'tpu'"]),
    ("data.split.test_from=2024-01-01", ["data.split", "validation_from must be before test_from"]),
    ("data.split.test_from=soon", ["data.split.test_from", "given 'soon'"]),
    ("data.split.by=week", ["data.split.by", "given 'week'"]),
    ("data.split.by=[hash]", ["data.split.by", "given ['hash']"]),
    ("data.split.by=hash", ["data.split.validation_from", "data.split.test_from", "not permitted"]),
    ("data.split=hash", ["data.split:", "given 'hash'"]),
    ("data.split=null", ["data.split:", "given None"]),
    ("data.split={by: hash, test: 2}", ["data.split.test:", "less than 1", "given 2"]),
    ("data.split={by: hash, test: 0}", ["data.split.test:", "greater than 0"]),
    ("data.split={by: hash, salt: 3}", ["data.split.salt:", "given 3"]),
    ("data.split={by: hash, test: .5, validation: .5}", ["data.split:", "nothing to train on"]),
    ("data.split={by: hash, group: city}", ["data.split:", "group: name a column with by: group"]),
    ("data.split={by: group}", ["data.split:", "group: name a column with by: group"]),
    ("data.split={by: hash, test_from: 2024-01-01}", ["data.split.test_from:", "not permitted"]),
    ("data.keep=middle", ["data.keep", "'first' or 'last'", "given 'middle'"]),
    ("data.engine=spark", ["data.engine", "'duckdb' or 'pyspark'", "given 'spark'"]),
    ("data.memory_limit=lots", ["data.memory_limit", "given 'lots'"]),
    ("data.max_rejected_fraction=5", ["data.max_rejected_fraction", "less than or equal to 1"]),
    ("serve.port=99999", ["serve.port", "65535"]),
    ("monitor.persistence=[3, 2]", ["monitor: persistence is (k, m) with k at most m"]),
    ("train.epochs.more=3", ["--set", "'train.epochs.more' has no keys below 'epochs'"]),
    ("train.epochs", ["--set", "'train.epochs' is not section.key=value", "data, train, serve"]),
    ("epochs=3", ["--set", "'epochs=3' is not section.key=value"]),
    ("training.epochs=3", ["--set", "the sections are data, train, serve, monitor"]),
    ("=3", ["--set", "is not section.key=value"]),
    ("", ["--set", "is not section.key=value"]),
    ("train.=3", ["train.", "not permitted"]),
    ("train.hidden=[1, 2", ["train.hidden", "not permitted", "given '[1, 2'"]),
]


@pytest.mark.parametrize(("override", "words"), WRONG)
def test_a_wrong_override_is_told_by_its_key(folder: Path, override: str, words: list[str]) -> None:
    (folder / "train.yaml").write_text("epochs: 6\n")
    with pytest.raises(ConfigError) as caught:
        load(folder, [override])
    assert [word for word in words if word not in str(caught.value)] == []
    assert "split.date" not in str(caught.value)  # no kind of a split is a key
    assert "split.hash" not in str(caught.value)


VARIABLES = [
    ("TRAIN__EPOCHS", "0", ["train.epochs", "given 0"]),
    ("TRAIN__EPOCH", "3", ["train.epoch:", "not permitted"]),
    ("TRAINING__EPOCHS", "3", [f"{PREFIX}TRAINING__EPOCHS", "the sections are data, train"]),
    ("TRAIN", "3", [f"{PREFIX}TRAIN", "is not section.key=value"]),
]


@pytest.mark.parametrize(("name", "value", "words"), VARIABLES)
def test_a_wrong_variable_is_told_by_its_name_or_key(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: list[str]
) -> None:
    monkeypatch.setenv(f"{PREFIX}{name}", value)
    with pytest.raises(ConfigError) as caught:
        load(folder)
    assert [word for word in words if word not in str(caught.value)] == []


def test_every_fault_is_told_at_once(folder: Path) -> None:
    (folder / "train.yaml").write_text("epochs: 0\nspeed: 3\n")
    (folder / "data.yaml").write_text("split: {test_from: 2024-01-01}\n")
    with pytest.raises(ConfigError) as caught:
        load(folder)
    lines = str(caught.value).splitlines()
    assert lines[0].endswith("4 not valid")
    keys = [line.split(":")[0].strip() for line in lines[1:]]
    assert keys == ["data.driving", "data.split.validation_from", "train.epochs", "train.speed"]


# the content of train.yaml → what the message says
FILES = [
    ("[1, 2]", ["train.yaml", "keys and values", "list"]),
    ("[]", ["train.yaml", "keys and values", "list"]),
    ("false", ["train.yaml", "keys and values", "bool"]),
    ("epochs", ["train.yaml", "keys and values", "str"]),
    ("epochs: [1", ["train.yaml", "not valid YAML", "line 1"]),
    ("epochs:\t3\n\tseed: 1", ["train.yaml", "not valid YAML", "line 1"]),
    ("epochs: 3\nseed: 1\nepochs: 4", ["train.yaml", "'epochs' is given twice", "line 3"]),
    ("gate: {resamples: 200, resamples: 300}", ["'resamples' is given twice"]),
    ("seed: !!python/name:os.system", ["train.yaml", "not valid YAML"]),
    ("3: 4", ["train", "3"]),
]


@pytest.mark.parametrize(("content", "words"), FILES)
def test_a_file_that_is_no_section_is_told_by_its_name(
    folder: Path, content: str, words: list[str]
) -> None:
    (folder / "train.yaml").write_text(content)
    with pytest.raises(ConfigError) as caught:
        load(folder)
    assert [word for word in words if word not in str(caught.value)] == []


def test_bytes_that_are_no_utf_8_are_told_by_their_file(folder: Path) -> None:
    (folder / "serve.yaml").write_bytes("host: café".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"serve\.yaml' is not valid YAML"):
        load(folder)


@pytest.mark.parametrize("content", ["", "# nothing\n", "---\n", "null\n"])
def test_an_empty_file_leaves_the_defaults(folder: Path, content: str) -> None:
    (folder / "train.yaml").write_text(content)
    assert load(folder).train == TrainConfig()


def test_a_missing_folder_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere.*--configs"):
        load(tmp_path / "nowhere")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"contract\.yaml' does not exist"):
        read_yaml(tmp_path / "contract.yaml")


def test_settings_do_not_change_after_they_were_read(folder: Path) -> None:
    config = load(folder)
    with pytest.raises(ValueError, match="frozen"):
        config.train.epochs = 3


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
