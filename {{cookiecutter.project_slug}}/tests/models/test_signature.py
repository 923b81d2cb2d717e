"""Who may say that a bundle is to be used: whoever has the key, and nobody who only writes files."""

import hashlib
import hmac
from pathlib import Path

import pytest
import yaml

from {{ cookiecutter.__package }}.config import ServeConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import BundleError, ConfigError
from {{ cookiecutter.__package }}.models.bundle import (
    CHECKSUMS,
    open_bundle,
    sign,
    verify,
    write_bundle,
)
from {{ cookiecutter.__package }}.models.signature import (
    KEY,
    SIGNATURE,
    Keys,
    demanded,
    known,
    new_key,
)
from {{ cookiecutter.__package }}.models.versions import Versions

from ..conftest import Command
from .conftest import constant_files

OLD, NEW = "old" * 20, "new" * 20


@pytest.fixture
def path(tmp_path: Path, shop: Contract) -> Path:
    return write_bundle(tmp_path / "shop", constant_files(shop), Keys([OLD]))


def forge(path: Path, **changed: bytes) -> Path:
    """What one who may write files does: change some, and make the checksums anew."""
    listing = ""
    for line in (path / CHECKSUMS).read_text().splitlines():
        name = line[66:]
        if (content := changed.get(name.partition(".")[0])) is not None:
            (path / name).write_bytes(content)
        listing += f"{hashlib.sha256((path / name).read_bytes()).hexdigest()}  {name}\n"
    (path / CHECKSUMS).write_text(listing)
    return path.rename(path.with_name(hashlib.sha256(listing.encode()).hexdigest()[:16]))


def test_what_was_signed_opens_with_the_key_and_also_where_none_is_asked_for(path: Path) -> None:
    assert open_bundle(path, Keys([OLD])).hash == path.name
    assert open_bundle(path).hash == path.name
    checksums = (path / CHECKSUMS).read_bytes()
    expected = hmac.new(OLD.encode(), checksums, "sha256").hexdigest()
    assert (path / SIGNATURE).read_text() == f"{expected}\n"


def test_a_signature_does_not_change_the_content_nor_its_hash(
    tmp_path: Path, shop: Contract, path: Path
) -> None:
    unsigned = write_bundle(tmp_path / "unsigned", constant_files(shop))
    assert unsigned.name == path.name
    assert verify(unsigned) == verify(path, Keys([OLD]))
    assert SIGNATURE not in verify(path)


def test_each_changed_byte_is_found_whether_of_a_file_the_checksums_or_the_signature(
    path: Path,
) -> None:
    for file in sorted(path.iterdir()):
        content = file.read_bytes()
        for position in range(0, len(content) - 1, max(1, len(content) // 40)):
            damaged = bytearray(content)
            damaged[position] ^= 1
            file.write_bytes(damaged)
            with pytest.raises(BundleError, match=r"signature|damaged"):
                open_bundle(path, Keys([OLD]))
        file.write_bytes(content)
    open_bundle(path, Keys([OLD]))


def test_checksums_that_were_made_anew_do_not_pass_for_signed(path: Path, shop: Contract) -> None:
    forged = forge(path, model=constant_files(shop, 0.75)["model.onnx"], card=b"# Better\n")
    verify(forged)  # the checksums alone are as they should be
    with pytest.raises(BundleError, match=r"not of these files by a key in BUNDLE_KEY"):
        verify(forged, Keys([OLD]))


def test_no_file_but_checksums_and_signature_is_read_of_a_bundle_that_is_not_signed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    read_bytes = Path.read_bytes

    def noted(self: Path) -> bytes:
        read.append(self.name)
        return read_bytes(self)

    monkeypatch.setattr(Path, "read_bytes", noted)
    with pytest.raises(BundleError, match="signature"):
        open_bundle(path, Keys([NEW]))
    assert read == [CHECKSUMS, SIGNATURE]


@pytest.mark.parametrize("given", [b"", b"\n", b"\xff\xfe", b"0" * 64, "ä".encode() * 32])
def test_whatever_else_stands_in_a_signature_is_none(path: Path, given: bytes) -> None:
    (path / SIGNATURE).write_bytes(given)
    with pytest.raises(BundleError, match="signature"):
        verify(path, Keys([OLD]))


def test_a_bundle_without_a_signature_is_refused_with_what_to_do(path: Path) -> None:
    (path / SIGNATURE).unlink()
    with pytest.raises(
        BundleError, match=r"is not signed, and serve\.require_signature.*bundle sign"
    ):
        verify(path, Keys([OLD]))


def test_keys_are_changed_without_a_moment_in_which_nothing_opens(path: Path) -> None:
    both = Keys([NEW, OLD])
    verify(path, both)
    sign(path, both)
    verify(path, Keys([NEW]))
    with pytest.raises(BundleError, match="signed with another key"):
        verify(path, Keys([OLD]))


def test_the_same_files_made_again_are_signed_again(
    tmp_path: Path, shop: Contract, path: Path
) -> None:
    assert write_bundle(tmp_path / "shop", constant_files(shop), Keys([NEW])) == path
    verify(path, Keys([NEW]))


def test_what_is_damaged_is_not_signed(path: Path) -> None:
    before = (path / SIGNATURE).read_bytes()
    (path / "card.md").write_bytes(b"# Another\n")
    with pytest.raises(BundleError, match=r"card\.md is absent or damaged"):
        sign(path, Keys([NEW]))
    assert (path / SIGNATURE).read_bytes() == before


def test_a_signature_that_is_being_written_or_was_torn_by_a_kill_harms_nobody(path: Path) -> None:
    (path / f".{SIGNATURE}.x1").write_bytes(b"12")
    assert open_bundle(path, Keys([OLD])).hash == path.name


def test_keys_come_from_the_environment_and_must_be_there_where_signatures_are_demanded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert known() is None
    assert demanded(ServeConfig()) is None
    with pytest.raises(ConfigError, match=r"BUNDLE_KEY is not: .*bundle key.*_signature: false"):
        demanded(ServeConfig(require_signature=True))
    monkeypatch.setenv(KEY, f" {NEW}  {OLD}\n")
    keys, one = demanded(ServeConfig(require_signature=True)), Keys([NEW])
    assert keys is not None
    assert keys.signature(b"a") == one.signature(b"a")
    assert known() is not None, "and sign where they are not demanded"


@pytest.mark.parametrize("short", ["secret", f"{OLD} secret", "a passphrase of some words"])
def test_a_key_that_could_be_guessed_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, short: str
) -> None:
    monkeypatch.setenv(KEY, short)
    with pytest.raises(ConfigError, match=r"fewer than 32 characters.*bundle key") as caught:
        known()
    assert "secret" not in str(caught.value)
    assert "passphrase" not in str(caught.value)
    Keys([new_key()])


def test_versions_are_signed_by_a_command(
    tmp_path: Path,
    shop: Contract,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    versions = Versions(tmp_path / "bundles", shop.name)
    made = [write_bundle(versions.folder, constant_files(shop, value)) for value in (0.2, 0.4)]
    for bundle in made:
        versions.register(bundle.name, [], passed=True)
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "contract.yaml").write_text(shop.text)
    split = {"validation_from": "2024-02-01", "test_from": "2024-03-01"}
    data = {"driving": "orders", "split": split}
    (tmp_path / "configs" / "data.yaml").write_text(yaml.safe_dump(data))
    (tmp_path / "configs" / "train.yaml").write_text("tracker: none\n")
    monkeypatch.chdir(tmp_path)
    demanding = ("--set", "serve.require_signature=true")
    assert command("bundle", "sign", "1", "2") == 2
    assert command("promote", "1", *demanding) == 2
    assert capsys.readouterr().err.count("BUNDLE_KEY is not") == 2
    assert command("bundle", "key") == 0
    monkeypatch.setenv(KEY, capsys.readouterr().out.strip())
    assert command("promote", "1", *demanding) == 4
    assert versions.served() is None
    assert command("bundle", "sign", "1", "2") == 0
    assert f"signed    shop version 2, bundle {made[1].name}" in capsys.readouterr().out
    for typed in (("promote", "1"), ("promote", "2"), ("rollback",)):
        assert command(*typed, *demanding) == 0
    (made[1] / SIGNATURE).write_text("0" * 64)
    assert command("rollback", "--to", "2", *demanding) == 4
    assert versions.history()[-1]["to"] == 1
    assert command("bundle", "sign", "3") == 5
