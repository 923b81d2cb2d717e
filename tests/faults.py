"""Faults for a render, each with the check that is there for it and what that has to say."""

from __future__ import annotations

from dataclasses import dataclass

from rendering import ALL, NONE

CI, TRAIN, GITLAB = ".github/workflows/ci.yml", ".github/workflows/train.yml", ".gitlab-ci.yml"
API = "deploy/kubernetes/api.yaml"
KUBERNETES = {"ci": "gitlab", "deployment": "kubernetes"}
METRICS = "src/flight_delay/serving/metrics.py"
CLI, ERRORS = "src/flight_delay/cli/__init__.py", "src/flight_delay/errors.py"
TUNING = "src/flight_delay/training/tuning/command.py"
LIST = "    # options, one line each\n"


@dataclass(frozen=True)
class Fault:
    """A text of one file that is replaced by another, and what is said about it."""

    path: str
    old: str
    new: str
    check: str
    says: str
    answers: tuple[tuple[str, str], ...] = (("options", ALL),)


def elsewhere(**answers: str) -> tuple[tuple[str, str], ...]:
    """Return answers other than all options and the defaults."""
    return tuple(answers.items())


FAULTS = {
    "a broken import in one optional file": Fault(
        TUNING,
        "from ...arguments import",
        "from ...argument import",
        "imports",
        "no module is called ...argument",
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
    "JSON that is cut off": Fault(
        "deploy/prometheus/grafana/dashboard.json", "}", "", "parses", "does not parse: "
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
    "a heading that a condition joined to the text before": Fault(
        "docs/runbook.md",
        "\n\n## A key leaked",
        "\n## A key leaked",
        "headings_stand_apart",
        "no blank line before: ## A key leaked",
    ),
    "a heading that was renamed": Fault(
        "docs/own.md", "## By hand", "## Manually", "links", "no heading is called #by-hand"
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
        "constraints.txt", "\npolars==", "\npolars-engine==", "pins", "polars>=2.0"
    ),
    "a variable of a setting that there is not": Fault(
        API,
        "FLIGHT_DELAY__SERVE__DRAIN_S",
        "FLIGHT_DELAY__SERVE__DRAINS",
        "variables",
        "there is no setting serve.drains",
        elsewhere(**KUBERNETES),
    ),
    "a command of no module": Fault(
        "pyproject.toml",
        "flight_delay.cli:main",
        "flight_delay.main:main",
        "scripts",
        "calls no module",
    ),
    "core that imports an option": Fault(
        ERRORS,
        '"""\n',
        '"""\n\nfrom .training.tuning import command\n',
        "imports_of_options",
        "imports from src/flight_delay/training/tuning, of the option tuning",
    ),
    "an option that imports another one": Fault(
        TUNING,
        '"""\n',
        '"""\n\nfrom ..kinds import tabm\n',
        "imports_of_options",
        "imports from src/flight_delay/training/kinds, of the option tabm",
    ),
    "a test of core that imports an option": Fault(
        "tests/test_errors.py",
        "import re\n",
        "import re\nfrom flight_delay.training.tuning import command\n",
        "imports_of_options",
        "imports from src/flight_delay/training/tuning, of the option tuning",
    ),
    "a line of no option in a list of options": Fault(
        CLI,
        LIST,
        f'{LIST}    "cli.mine",\n',
        "joints",
        "belongs to 0 options",
    ),
    "a line of an option that was not chosen": Fault(
        CLI,
        LIST,
        f'{LIST}    "training.tuning.command",\n',
        "joints",
        "joins an option that was not chosen: tuning",
        elsewhere(options="tabm"),
    ),
    "a module of an option among those of core": Fault(
        CLI,
        LIST,
        f'    "training.tuning.command",\n{LIST}',
        "mentions",
        "names training.tuning of the option tuning",
        elsewhere(options=NONE),
    ),
    "a page that names a page of an option": Fault(
        "README.md",
        "\n## ",
        "\nSee `docs/howto/tuning.md`.\n\n## ",
        "mentions",
        "names docs/howto/tuning.md of the option tuning",
        elsewhere(options=NONE),
    ),
    "a mount of a folder of an option": Fault(
        "compose.yaml",
        "services:\n",
        "services: # and deploy/prometheus/targets.yml\n",
        "mentions",
        "names deploy/prometheus of the option prometheus",
        elsewhere(options=NONE),
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
