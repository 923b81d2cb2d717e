"""The file of keys, and the commands that change it."""

import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from {{ cookiecutter.__package }} import cli
from {{ cookiecutter.__package }}.errors import ConfigError
from {{ cookiecutter.__package }}.serving.access.keys import (
    new_key,
    read_keys,
    revoke,
)

from .test_server import SETTINGS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def test_a_key_is_long_random_and_kept_as_its_hash_alone(path: Path) -> None:
    first, second = new_key(path, "first"), new_key(path, "second", per_minute=60)
    assert re.fullmatch(r"key_[\w-]{43}", first)
    assert first != second
    kept = path.read_text()
    assert first not in kept
    assert first.removeprefix("key_") not in kept
    assert [(key.name, key.per_minute) for key in read_keys(path)] == [
        ("first", None),
        ("second", 60),
    ]


def test_only_the_owner_may_read_the_file(path: Path) -> None:
    new_key(path, "first")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    new_key(path, "second")
    revoke(path, "first")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_a_file_there_are_no_keys(path: Path) -> None:
    assert read_keys(path) == ()


def test_after_the_last_key_the_file_stays_so_that_nobody_comes_in(path: Path) -> None:
    new_key(path, "only")
    revoke(path, "only")
    assert path.exists()
    assert read_keys(path) == ()


@pytest.mark.parametrize("name", ["", "two words", "a/b", "../a", "x" * 65, "né", "a\n"])
def test_a_name_that_is_none_is_refused(path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="names no key; use up to 64 letters"):
        new_key(path, name)
    assert not path.exists()


def test_a_name_is_given_once_and_how_to_replace_a_key_is_told(path: Path) -> None:
    new_key(path, "billing")
    with pytest.raises(ConfigError, match=r"make one of another name.*keys revoke billing"):
        new_key(path, "billing")


def test_revoking_what_is_not_there_names_what_is(path: Path) -> None:
    new_key(path, "billing")
    with pytest.raises(ConfigError, match="has no key 'biling'; its keys: billing"):
        revoke(path, "biling")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "null",
        '{"keys": []}',
        '[{"name": "a"}]',
        '[{"name": "a", "sha256": "key_secret", "made": "2026-01-01T00:00:00Z"}]',
    ],
)
def test_a_file_that_is_none_of_ours_is_told_without_what_it_holds(
    path: Path, content: str
) -> None:
    path.write_text(content)
    with pytest.raises(ConfigError, match="holds no keys") as caught:
        read_keys(path)
    assert "secret" not in str(caught.value)


def test_keys_that_are_made_at_once_are_all_kept(path: Path) -> None:
    command = f"import sys; from pathlib import Path; from {new_key.__module__} import new_key\n"
    command += "for number in range(5): new_key(Path(sys.argv[1]), f'{sys.argv[2]}-{number}')"
    makers = [
        subprocess.Popen([sys.executable, "-c", command, str(path), maker]) for maker in "abc"
    ]
    assert [maker.wait(60) for maker in makers] == [0, 0, 0]
    assert len(read_keys(path)) == 15


def test_the_commands_make_list_and_revoke(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs/data.yaml").write_text(yaml.safe_dump(SETTINGS["data"]))
    monkeypatch.chdir(tmp_path)

    def typed(*words: str) -> tuple[str, str]:
        cli.app(["keys", *words], standalone_mode=False)
        said = capsys.readouterr()
        return said.out, said.err

    out, told = typed("new", "billing", "--per-minute", "90")
    key = out.strip()
    assert re.fullmatch(r"key_[\w-]{43}", key), "so that a script can take it"
    assert "keeps only its hash" in told
    assert "Authorization: Bearer" in told
    assert key not in told
    listed = "".join(typed("list"))
    assert "billing" in listed
    assert "90" in listed
    assert key not in listed
    assert "revoked   billing" in typed("revoke", "billing")[0]
    assert json.loads((tmp_path / "keys.json").read_text()) == []
    with pytest.raises(ConfigError, match=r"serve\.keys is null"):
        typed("list", "--set", "serve.keys=null")


def test_git_does_not_know_the_keys() -> None:
    ignored = (Path(__file__).parents[2] / ".gitignore").read_text().splitlines()
    assert {"/keys.json", "/.keys.json*"} <= set(ignored)
