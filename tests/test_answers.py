"""Answers that are refused, and hostile ones that must come through unharmed."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import yaml
from cookiecutter.exceptions import FailedHookException
from jinja2.exceptions import UndefinedError
from rendering import Bake, BakedProject, answers_of_the_template, load_hook, render

pre_gen = load_hook("pre_gen_project")
DEFAULTS = {
    name: value if isinstance(value, str) else value[0]
    for name, value in answers_of_the_template().items()
} | {"project_slug": "flight-delay"}

HOSTILE = {
    "double quotes": 'Say "hello" and ""',
    "single quotes": "It's 'quoted', isn''t it",
    "backslashes": r"C:\new\table \" \\ \u0041 \N{BULLET} \\",
    "a backslash at the end": "ends with \\",
    "triple quotes": 'r""" + """ and \'\'\'',
    "emoji": "Delays 🛫 and a family 👨‍👩‍👧",
    "other scripts": "Задержка рейса · 航班延误 · تأخير · Éric Ångström",
    "Python code": "__import__('os').system('touch owned') #",
    "shell code": "$(touch owned) `touch owned` ; touch owned",
    "YAML syntax": "- key: [value, {a: b}] & *anchor | > % @ # no comment",
    "TOML syntax": "[table] key = '''x''' # = \"",
    "make syntax": "$(shell touch owned) $$ $@ %: .PHONY",
    "HTML": "<b>bold</b> &amp; <script>alert(1)</script>",
    "braces": "{single} ${DOLLAR} {0} }} %} #} %(name)s",
    "a number": "42",
    "a word that YAML reads as no text": "null",
}
TEXTS = ("full_name", "project_name", "description")


@pytest.fixture(params=sorted(HOSTILE), scope="module")
def hostile(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> BakedProject:
    """Return a render whose every text answer is the same hostile string."""
    answers = dict.fromkeys(TEXTS, HOSTILE[request.param])
    return render(tmp_path_factory.mktemp("hostile") / "out", **answers, project_slug="hostile")


def test_hostile_texts_come_through_the_render_unharmed(hostile: BakedProject) -> None:
    given = hostile.answers["description"]
    project = tomllib.loads(hostile.read("pyproject.toml"))["project"]

    assert project["description"] == given
    assert project["authors"] == [{"name": given, "email": "you@example.com"}]
    assert given in hostile.read("README.md")
    assert given in hostile.read("LICENSE")


def test_hostile_texts_leave_every_file_valid(hostile: BakedProject) -> None:
    for path, content in hostile.files().items():
        if path.endswith((".yaml", ".yml")):
            yaml.safe_load(content)
        elif path.endswith(".toml"):
            tomllib.loads(content.decode("utf-8"))
        elif path.endswith(".py"):
            compile(content, path, "exec")


def test_hostile_texts_are_never_run(hostile: BakedProject) -> None:
    hostile.run("make", "help")

    assert [path for path in hostile.files() if "owned" in path] == []


def test_no_text_that_was_given_gets_into_the_pages_that_become_a_site(bake: Bake) -> None:
    # A site passes HTML on as it is, and its build stops at half a link.
    given = "<script>alert(1)</script> [half](of-a-link"
    pages = (bake(**dict.fromkeys(TEXTS, given)).path / "docs").rglob("*.*")

    assert [page.name for page in pages if given in page.read_text("utf-8")] == []


def test_an_answer_with_jinja_in_it_is_data_once_it_was_rendered(bake: Bake) -> None:
    # Cookiecutter itself renders an answer given on the command line; the hooks see the outcome.
    assert bake(description="{{ 6 * 7 }} delays").read("README.md").count("42 delays") == 1


def refused(**answers: str) -> str:
    """Return what the hook says of answers that it refuses."""
    return "\n".join(pre_gen.refusals(DEFAULTS | answers))


BAD_SLUGS = {
    "Flight-Delay": "no package can be named after it",
    "flight_delay": "no package can be named after it",
    "flight delay": "no package can be named after it",
    "-flight": "no package can be named after it",
    "flight-": "no package can be named after it",
    "flight--delay": "no package can be named after it",
    "3d-print": "no package can be named after it",
    "flight.delay": "no package can be named after it",
    "рейс": "no package can be named after it",
    "flight\n": "no package can be named after it",
    "f" * 51: "it is too long",
    "class": "a word of the language",
    "async": "a word of the language",
    "json": "standard library",
    "tomllib": "standard library",
    "email": "standard library",
    "distutils": "standard library",
    "tests": "means something else",
    "data": "means something else",
    "src": "means something else",
    "con": "means something else",
}


@pytest.mark.parametrize("slug", BAD_SLUGS)
def test_a_slug_that_gives_no_usable_package_is_refused(slug: str) -> None:
    said = refused(project_slug=slug)

    assert "project_slug was given as" in said
    assert BAD_SLUGS[slug] in said
    assert "valid: lowercase letters, digits and single hyphens" in said
    assert "to do: give another project_slug, such as " in said


@pytest.mark.parametrize("slug", ["flight-delay", "match", "type", "a", "x2-y3", "f" * 50])
def test_a_usable_slug_is_accepted(slug: str) -> None:
    assert refused(project_slug=slug) == ""


def test_the_package_is_the_slug_with_underscores(bake: Bake) -> None:
    assert bake(project_slug="match-x2").package.name == "match_x2"


@pytest.mark.parametrize("slug", ["", ".", "..", "../outside", "in/side", r"in\side", "c:drive"])
def test_a_slug_that_is_a_path_is_refused_before_any_folder_is_made_or_removed(
    tmp_path: Path, slug: str
) -> None:
    # Refused by a hook, `..` would make cookiecutter remove the folder above the output folder.
    bystander = tmp_path / "bystander"
    bystander.touch()

    with pytest.raises(UndefinedError, match="it is a path"):
        render(tmp_path / "out" / "new", project_slug=slug)

    assert bystander.exists()
    assert list((tmp_path / "out" / "new").iterdir()) == []


BAD_TEXTS = {
    "": "it is empty",
    "   ": "it is empty",
    " ahead": "begins or ends with a space",
    "behind ": "begins or ends with a space",
    "two\nlines": "U+000A",
    "a return\r": "begins or ends with a space",
    "tab\there": "U+0009",
    "bell \a": "U+0007",
    "null \0 byte": "U+0000",
    "line\u2028separator": "U+2028",
    "reversed \u202e text": "U+202E",
    "half \ud83d an emoji": "U+D83D",
    "x" * 301: "it is too long",
    "{{ later }}": "a mark of the template language",
    "{% later %}": "a mark of the template language",
}


@pytest.mark.parametrize("text", BAD_TEXTS)
@pytest.mark.parametrize("answer", TEXTS)
def test_a_text_that_would_break_files_is_refused(answer: str, text: str) -> None:
    said = refused(**{answer: text})

    assert f"{answer} was given as" in said
    assert BAD_TEXTS[text] in said
    assert "valid: one line of 1 to " in said
    assert f"to do: give {answer} again as one plain line" in said


@pytest.mark.parametrize(
    "email",
    [
        "you",
        "you@",
        "@example.com",
        "you@example",
        "a b@example.com",
        'a"b@example.com',
        "a@b@c.org",
        "<a@example.com>",
        "a..b@example.com",
        ".a@example.com",
        "ünï@example.com",
        "a@exa mple.com",
    ],
)
def test_something_that_is_no_email_address_is_refused(email: str) -> None:
    said = refused(email=email)

    assert "it is not an e-mail address" in said
    assert "to do: give one such as you@example.com" in said


@pytest.mark.parametrize("email", ["a.b+c@sub.example.co.uk", "o'neil@example.com", "x_y%z@e-x.io"])
def test_an_unusual_but_valid_email_address_is_accepted(email: str) -> None:
    assert refused(email=email) == ""


def test_an_email_address_with_a_quote_stands_in_the_metadata(bake: Bake) -> None:
    project = bake(email="o'neil@example.com")
    (author,) = tomllib.loads(project.read("pyproject.toml"))["project"]["authors"]

    assert author["email"] == "o'neil@example.com"


def test_every_bad_answer_is_reported_at_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(FailedHookException):
        render(tmp_path / "out", email="nobody", project_slug="torch", full_name=" ")

    assert capfd.readouterr().err.count("was given as") == 3
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("answer", ["python_version", "license", "ci", "deployment"])
def test_a_choice_that_does_not_exist_is_refused(bake: Bake, answer: str) -> None:
    with pytest.raises(ValueError, match="provided for choice variable"):
        bake(**{answer: "something else"})


def test_an_answer_to_no_prompt_is_an_error_in_the_harness(bake: Bake) -> None:
    with pytest.raises(AssertionError, match="no prompt is called licence"):
        bake(licence="MIT")


def test_a_name_in_another_script_or_without_letters_still_gives_a_slug(bake: Bake) -> None:
    assert bake(project_name="Задержка рейса").path.name == "zaderzhka-reisa"
    assert bake(project_name="🛫").path.name == "my-project"
