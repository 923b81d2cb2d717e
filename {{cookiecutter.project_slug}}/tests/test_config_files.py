"""What is told of settings' files that cannot be read."""

import time
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.config import TrainConfig, load, read_yaml
from {{ cookiecutter.__package }}.errors import ConfigError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The least configuration that is complete."""
    split = "{validation_from: 2024-02-01, test_from: 2024-03-01}"
    (tmp_path / "data.yaml").write_text(f"driving: orders\nsplit: {split}\n")
    return tmp_path


UNFILLED = "{" * 2 + " EPOCHS " + "}" * 2  # as a template leaves it
# the content of train.yaml → what the message says
FILES = [
    ("[1, 2]", ["train.yaml", "keys and values", "list"]),
    ("false", ["train.yaml", "keys and values", "bool"]),
    ("epochs: [1", ["train.yaml", "not valid YAML", "line 1"]),
    ("epochs: 3\nseed: 1\nepochs: 4", ["train.yaml", "'epochs' is given twice", "line 3"]),
    ("gate: {resamples: 200, resamples: 300}", ["'resamples' is given twice"]),
    ("seed: !!python/name:os.system", ["train.yaml", "not valid YAML"]),
    ("3: 4", ["train.yaml", "the key 3 is not read as a text; put it in quotes", "line 1"]),
    ("<<: {seed: 3}", ["the key << is not read as a text"]),
    (f"seed: 1\nepochs: {UNFILLED}", ["placeholder", "not filled in", "line 2"]),
    ("? [seed]\n: 1", ["a list or mapping is no key"]),
    ("seed: &one 1\nepochs: *one", ["anchors and aliases such as &one", "line 1"]),
    ("seed: !!int 3", ["tags are not read"]),
    ("seed: 2024-99-99", ["train.yaml", "not valid YAML", "month"]),
    ("seed: " + "9" * 5000, ["train.yaml", "not valid YAML"]),
    ("seed: 1\n---\nseed: 2", ["train.yaml", "not valid YAML", "single document"]),
    ("seed: " + "[" * 3000 + "]" * 3000, ["train.yaml", "more than 20 deep", "line 1"]),
    ("seed: " + "[" * 300_000, ["train.yaml", "more than 20 deep"]),
    ("".join(f"{'  ' * depth}a:\n" for depth in range(3000)), ["more than 20 deep", "line 21"]),
    ("seed: \x00", ["train.yaml", "not valid YAML"]),
]


@pytest.mark.parametrize(("content", "words"), FILES, ids=lambda value: str(value)[:30])
def test_a_file_that_is_no_section_is_told_by_its_name(
    folder: Path, content: str, words: list[str]
) -> None:
    (folder / "train.yaml").write_text(content)
    with pytest.raises(ConfigError) as caught:
        load(folder)
    assert [word for word in words if word not in str(caught.value)] == []


def test_a_hostile_file_is_refused_in_bounded_time_and_memory(folder: Path) -> None:
    laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
        for old, new in zip("abcdefghij", "bcdefghijk", strict=True)
    )
    hostile = [laughs, "x" * 11_000_000, "a: [" + "1, " * 500_000, "{" * 1_000_000]
    (folder / "serve.yaml").symlink_to("/dev/zero")
    start = time.process_time()
    with pytest.raises(ConfigError, match=r"serve.yaml' is larger than 10 MB"):
        load(folder)
    (folder / "serve.yaml").unlink()
    for content in hostile:
        (folder / "train.yaml").write_text(content)
        with pytest.raises(ConfigError, match=r"train.yaml'") as caught:
            load(folder)
        assert len(str(caught.value)) < 500
    assert time.process_time() - start < 5


def test_a_folder_in_place_of_a_file_is_told(folder: Path) -> None:
    (folder / "train.yaml").mkdir()
    with pytest.raises(ConfigError, match=r"train.yaml' cannot be read: Is a directory"):
        load(folder)


def test_a_file_of_a_mistyped_name_is_told(folder: Path) -> None:
    (folder / "trian.yaml").write_text("epochs: 3\n")
    with pytest.raises(ConfigError, match=r"trian.yaml'; did you mean 'train.yaml'\?"):
        load(folder)


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
