"""What is told of settings' files that cannot be read."""

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
