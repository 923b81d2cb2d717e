"""Faults for a render, each with the check that is there for it and what that has to say."""

from __future__ import annotations

from dataclasses import dataclass

CI, TRAIN, GITLAB = ".github/workflows/ci.yml", ".github/workflows/train.yml", ".gitlab-ci.yml"
API = "deploy/kubernetes/api.yaml"
KUBERNETES = {"ci": "gitlab", "deployment": "kubernetes"}
METRICS = "src/flight_delay/serving/metrics.py"
V2 = "src/flight_delay/serving/v2/routes.py"


@dataclass(frozen=True)
class Fault:
    """A text of one file that is replaced by another, and what is said about it."""

    path: str
    old: str
    new: str
    check: str
    says: str
    answers: tuple[tuple[str, str], ...] = ()


def elsewhere(**answers: str) -> tuple[tuple[str, str], ...]:
    """Return answers that are not the default ones."""
    return tuple(answers.items())


FAULTS = {
    "a broken import in one optional file": Fault(
        V2,
        "from ..predictor import",
        "from ..predict import",
        "imports",
        "no module is called ..predict",
    ),
    "a syntax error in a test": Fault(
        "tests/test_values.py",
        "def test_",
        "def def test_",
        "parses",
        "does not parse: invalid syntax",
    ),
    "a broken setting": Fault(
        "configs/serve.yaml", "port: 8000", "port: [8000", "parses", "does not parse: "
    ),
    "a table that is defined twice": Fault(
        "pyproject.toml", "[tool.ruff.lint]", "[tool.black]", "parses", "does not parse: "
    ),
    "a schema that is cut off": Fault(
        "configs/contract.schema.json", "}", "", "parses", "does not parse: "
    ),
    "a leftover tag": Fault(
        "Makefile", "PYTHON ?=", "#% endif\nPYTHON ?=", "no_leftovers", "is left: #%"
    ),
    "an answer that was not filled in": Fault(
        "SECURITY.md",
        "# Security",
        "# {{ cookiecutter.project_name }}",
        "no_leftovers",
        "is left: {{",
    ),
    "a link to a page that is gone": Fault(
        "SECURITY.md",
        "(docs/howto/rotate-keys.md)",
        "(docs/keys.md)",
        "links",
        "leads nowhere: docs/keys.md",
    ),
    "a heading that was renamed": Fault(
        "README.md", "## Taking over what", "## What", "links", "no heading is called #taking-over"
    ),
    "a command that no test runs": Fault(
        "docs/howto/roll-back.md",
        "```sh\nmake rollback",
        "```bash\nmake rollback",
        "commands_are_run",
        "no test runs: make rollback",
    ),
    "a command on a page that nobody follows": Fault(
        "docs/reference.md",
        "# Reference\n",
        "# Reference\n\n```sh\nmake docs\n```\n",
        "commands_are_run",
        "docs/reference.md:4: no test runs: make docs",
    ),
    "a wrong licence": Fault(
        "LICENSE",
        "Permission is hereby granted, free of charge",
        "All rights reserved",
        "licence",
        "does not say 'Permission is hereby granted",
    ),
    "a licence that the metadata do not know": Fault(
        "pyproject.toml",
        'license = "MIT"',
        'license = "BSD-3-Clause"',
        "licence",
        "says BSD-3-Clause",
    ),
    "a version of Python that differs in one place": Fault(
        "Dockerfile",
        "python:3.11-slim AS runtime",
        "python:3.13-slim AS runtime",
        "python_version",
        "names Python 3.13, and the version is 3.11",
    ),
    "a version of Python that differs in a pipeline": Fault(
        TRAIN, 'version: "3.11"', 'version: "3.12"', "python_version", "names Python 3.12"
    ),
    "a metric renamed in the code but not on the page": Fault(
        METRICS,
        '"prediction_log_lost"',
        '"prediction_log_gone"',
        "metrics",
        "the package defines no metric prediction_log_lost_total",
    ),
    "a dependency without a pin": Fault(
        "constraints.txt", "\nduckdb==", "\nduckdb-engine==", "pins", "duckdb>=1.4,<2"
    ),
    "a command of no module": Fault(
        "pyproject.toml",
        "flight_delay.cli:main",
        "flight_delay.main:main",
        "scripts",
        "calls no module",
    ),
    "a forgotten mark": Fault(
        "src/flight_delay/cli/__init__.py",
        "from .tune import tune  # part: tuning",
        "from .tune import tune",
        "joints",
        "imports src/flight_delay/cli/tune of the part tuning unmarked",
    ),
    "a test that forgets a mark": Fault(
        "tests/serving/test_limits.py",
        "from .protocol import INFER, tensors  # part: v2",
        "from .protocol import INFER, tensors",
        "joints",
        "imports tests/serving/protocol of the part v2 unmarked",
    ),
    "a page that speaks of a part without a mark": Fault(
        "README.md",
        " <!-- part: evidently --> |",
        " |",
        "words",
        "evidently is of the part evidently",
    ),
    "a dependency of a part without a mark": Fault(
        "pyproject.toml",
        '"optuna>=5.0"] # part: tuning',
        '"optuna>=5.0"]',
        "words",
        "is of the part tuning, and the line has no mark",
    ),
    "a mark of no part": Fault(
        "configs/monitor.yaml", "part: estimated", "part: estimate", "marks", "no part estimate"
    ),
    "a block that does not end": Fault(
        "Makefile", "# end part: tuning\n", "", "marks", "begins part tuning, which does not end"
    ),
    "a mark that is left in core": Fault(
        "configs/serve.yaml",
        "port: 8000",
        "# part: v2\n# end part: v2\nport: 8000",
        "marks",
        "a mark of a part is left: v2",
        elsewhere(profile="core"),
    ),
    "an unpinned action": Fault(
        CI,
        "checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd",
        "checkout@v6",
        "pinned",
        "not pinned by a full SHA: actions/checkout@v6",
    ),
    "a pipeline that calls no target": Fault(
        CI, "run: make check", "run: make chekc", "targets", "make has no target chekc"
    ),
    "a step that asks another that is not there": Fault(
        CI,
        "run: make setup",
        "run: make setup ARGS=${{ steps.nobody.outputs.answer }}",
        "actionlint",
        'property "nobody" is not defined',
    ),
    "a workflow that may do everything": Fault(
        CI,
        "permissions: { contents: read }",
        "permissions: write-all",
        "zizmor",
        "excessive-permissions",
    ),
    "a title that runs as code": Fault(
        CI,
        "run: make setup",
        "run: echo '${{ github.event.pull_request.title }}'",
        "zizmor",
        "template-injection",
    ),
    "a job that GitHub does not understand": Fault(
        CI, "timeout-minutes: 45", "timeout: 45", "schemas", "timeout"
    ),
    "a job that GitLab does not understand": Fault(
        GITLAB,
        "  stage: check\n",
        "  stages: check\n",
        "schemas",
        "$.check",
        elsewhere(**KUBERNETES),
    ),
    "an image that runs as root": Fault(
        "Dockerfile", "USER 10001\nEXPOSE", "EXPOSE", "nobody", "serve runs as root"
    ),
    "an image of whatever is newest": Fault(
        "Dockerfile", "python:3.11-slim AS build", "python:latest AS build", "dockerfile", "DL3007"
    ),
    "a service with a field that compose does not know": Fault(
        "compose.yaml", "    restart:", "    restarts:", "compose", "restarts"
    ),
    "a volume that is declared nowhere": Fault(
        "compose.yaml",
        "- bundles:/app/bundles:ro",
        "- models:/app/bundles:ro",
        "compose",
        "api mounts models, which is no volume",
    ),
    "a probe that Kubernetes does not know": Fault(
        API, "readinessProbe:", "readyProbe:", "kubernetes", "readyProbe", elsewhere(**KUBERNETES)
    ),
    "a manifest that kustomize does not know": Fault(
        "deploy/kubernetes/kustomization.yaml",
        "  - network.yaml\n",
        "",
        "kubernetes",
        "differ in deploy/kubernetes/network.yaml",
        elsewhere(**KUBERNETES),
    ),
}
