"""Signatures: whoever holds the key has made a bundle, or has looked at it and said so.

Checksums find damage. Who means harm writes new ones; a signature, HMAC-SHA256 (RFC 2104) of the
checksums, takes the key. It is a file beside them that no checksum covers, so that the key may change.
"""

import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from ..config import ServeConfig
from ..errors import BundleError, ConfigError
from ..storage import write_file

KEY = "BUNDLE_KEY"
"""The environment variable of the key. Of several, apart by spaces, the first signs and all are known."""
SIGNATURE = "signature"
KEY_CHARACTERS = 32
COMMAND = f"python -m {__name__.partition('.')[0]} bundle"


class Keys:
    """The keys that bundles are signed with; there is at least one."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys or min(map(len, keys)) < KEY_CHARACTERS:
            raise ConfigError(
                f"{KEY} holds a key of fewer than {KEY_CHARACTERS} characters; make one with:"
                f" {COMMAND} key"
            )
        self._keys = [key.encode() for key in keys]

    def signature(self, checksums: bytes) -> bytes:
        """What the first key says of checksums."""
        return _signature(self._keys[0], checksums)

    def check(self, bundle: Path, checksums: bytes) -> None:
        """Pass if a bundle's signature is that of its checksums, by one of the keys.

        Raises:
            BundleError: it is not, or there is none.
        """
        try:
            given = (bundle / SIGNATURE).read_bytes().strip()
        except OSError:
            raise BundleError(
                f"bundle '{bundle}' is not signed, and serve.require_signature is set; if you know"
                f" where it comes from, sign it: {COMMAND} sign VERSION"
            ) from None
        expected = [_signature(key, checksums) for key in self._keys]
        same = [hmac.compare_digest(given, one) for one in expected]  # all: the time tells nothing
        if True not in same:
            raise BundleError(
                f"bundle '{bundle}' has a signature that is not of these files by a key in {KEY}:"
                " they were changed, or signed with another key; restore the folder from a copy,"
                f" or if you know where it comes from, sign it: {COMMAND} sign VERSION"
            )


def known() -> Keys | None:
    """The keys of the environment, if it has any.

    Raises:
        ConfigError: one is too short to be one.
    """
    given = os.environ.get(KEY, "").split()
    return Keys(given) if given else None


def demanded(config: ServeConfig) -> Keys | None:
    """The keys that bundles must be signed with; ``None`` where they need not be.

    Raises:
        ConfigError: they must, and there is no key.
    """
    if not config.require_signature:
        return None
    keys = known()
    if keys is None:
        raise ConfigError(
            f"serve.require_signature is set, and the environment variable {KEY} is not: give it the"
            f" key that bundles are signed with (a new one: {COMMAND} key), or set"
            " serve.require_signature: false"
        )
    return keys


def new_key() -> str:
    """A key, 256 random bits."""
    return secrets.token_hex(32)


def write_signature(bundle: Path, checksums: bytes, keys: Keys) -> None:
    """Sign checksums that were compared with the files, or from which these are made."""
    write_file(bundle / SIGNATURE, keys.signature(checksums) + b"\n")


def _signature(key: bytes, checksums: bytes) -> bytes:
    return hmac.digest(key, checksums, "sha256").hex().encode()
