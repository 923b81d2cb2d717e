"""The errors a person can act on; each knows its exit code.

ProjectError                   1
├── ConfigError                2  a setting or the contract is wrong
├── MissingExtraError          2  an optional dependency is not installed
├── DataError                  3  a source cannot be read or breaks the contract
├── BundleError                4  a bundle is absent, damaged or does not fit the contract
├── ParityError                4  the exported graph answers differently from torch
├── RegistryError              5  a version is not there
├── GateRefusedError           6  the model may not be promoted
├── ModelFailedError           4  the graph gave a result that is not finite
├── ServerUnreachableError     7  no server answers at the address
├── DivergedError              8  the training loss is not finite or grows without bound
└── AlertRaised               10  monitoring found something and --fail-on-alert was given
"""


class ProjectError(Exception):
    """A failure whose message says what was given, what is valid and what to do."""

    exit_code = 1

    def __init_subclass__(cls, exit_code: int | None = None) -> None:
        cls.exit_code = exit_code or cls.exit_code


class ConfigError(ProjectError, exit_code=2):
    """A setting or the contract is wrong."""


class MissingExtraError(ProjectError, exit_code=2):
    """An optional dependency is not installed."""

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(
            f"{library} is not installed; install it with: pip install '.[{extra}]'"
            f" (if code of yours imports it: pip install {library})"
        )


class DataError(ProjectError, exit_code=3):
    """A source cannot be read, or its rows break the contract."""


class BundleError(ProjectError, exit_code=4):
    """A bundle is absent, damaged or does not fit the contract."""


class ParityError(ProjectError, exit_code=4):
    """The exported graph answers differently from the torch program."""


class ModelFailedError(ProjectError, exit_code=4):
    """The graph gave a result that is not finite."""


class RegistryError(ProjectError, exit_code=5):
    """A version is not there."""


class GateRefusedError(ProjectError, exit_code=6):
    """The gate does not let this model be promoted."""


class ServerUnreachableError(ProjectError, exit_code=7):
    """No server answers at the address."""


class DivergedError(ProjectError, exit_code=8):
    """The training loss is not finite or grows without bound."""


class AlertRaised(ProjectError, exit_code=10):  # noqa: N818 - a finding, not a fault
    """Monitoring found something and ``--fail-on-alert`` was given."""
