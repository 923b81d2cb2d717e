"""The errors a person can act on; each knows its exit code and HTTP status.

ProjectError                   1  500
├── ConfigError                2  500  a setting or the contract is wrong
├── MissingExtraError          2  500  an optional dependency is not installed
├── DataError                  3  500  a source cannot be read or breaks the contract
│   └── TooManyRejectedError   3  500  more rows were quarantined than data.yaml allows
├── BundleError                4  503  a bundle is absent, damaged or does not fit the contract
├── ParityError                4  500  the exported graph answers differently from torch
├── RegistryError              5  500  a version or an alias is not there
├── GateRefusedError           6  500  the model may not be promoted
├── ModelFailedError           4  500  the graph gave a result that is not finite
├── ServerUnreachableError     7  503  no server answers at the address
└── AlertRaised               10  500  monitoring found something and --fail-on-alert was given
"""


class ProjectError(Exception):
    """A failure whose message says what was given, what is valid and what to do."""

    exit_code = 1
    status = 500


class ConfigError(ProjectError):
    """A setting or the contract is wrong."""

    exit_code = 2


class MissingExtraError(ProjectError):
    """An optional dependency is not installed."""

    exit_code = 2

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(f"{library} is not installed; install it with: pip install '.[{extra}]'")


class DataError(ProjectError):
    """A source cannot be read, or its rows break the contract."""

    exit_code = 3


class TooManyRejectedError(DataError):
    """More rows were quarantined than ``data.max_rejected_fraction`` allows."""


class BundleError(ProjectError):
    """A bundle is absent, damaged or does not fit the contract."""

    exit_code = 4
    status = 503


class ParityError(ProjectError):
    """The exported graph answers differently from the torch program."""

    exit_code = 4


class ModelFailedError(ProjectError):
    """The graph gave a result that is not finite."""

    exit_code = 4


class RegistryError(ProjectError):
    """A version or an alias is not there."""

    exit_code = 5


class GateRefusedError(ProjectError):
    """The gate does not let this model be promoted."""

    exit_code = 6


class ServerUnreachableError(ProjectError):
    """No server answers at the address."""

    exit_code = 7
    status = 503


class AlertRaised(ProjectError):  # noqa: N818 - a finding, not a fault
    """Monitoring found something and ``--fail-on-alert`` was given."""

    exit_code = 10
