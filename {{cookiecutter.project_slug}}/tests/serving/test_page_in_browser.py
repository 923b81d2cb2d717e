"""The page as a person uses it; needs a browser, which ``TEST_BROWSER`` names."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.versions import Versions

from ..conftest import LABELS, TASKS, shop_of
from .conftest import AWKWARD, Serving, serve_config
from .live import add_version, live, records
from .visits import visit

pytestmark = [pytest.mark.slow, pytest.mark.browser]
HOSTILE = "<img src=x onerror='hacked = 1'>"


@pytest.mark.parametrize("task", TASKS)
def test_each_task_is_asked_by_keyboard_alone_and_shown_on_a_phone_as_it_is_answered(
    tmp_path: Path, browser: Browser, task: str
) -> None:
    config, size = serve_config(tmp_path), {"width": 390, "height": 844}
    add_version(config.bundles, shop_of(task))
    with live(config) as client, visit(browser, str(client.base_url), viewport=size) as found:
        expect(found.page.get_by_role("heading", level=1)).to_have_text("shop version 1")
        found.field("price (EUR)").focus()
        found.page.keyboard.press("ControlOrMeta+a")
        found.page.keyboard.type("12.5")
        found.page.keyboard.press("Enter")
        expect(found.page.locator("#answer .figure")).to_be_visible()
        shown = found.page.locator("#answer").inner_text()
        assert found.page.evaluate("document.documentElement.scrollWidth") == size["width"]
    (logged,) = records(config.log)
    assert logged["columns"]["price"] == 12.5
    if task == "binary":
        reached = logged["probability"] >= 0.5
        assert f"Decided: returned is {'' if reached else 'not '}true" in shown
        assert f"{logged['probability']:.1%}" in shown
    elif task == "multiclass":
        best = max(zip(logged["probabilities"], LABELS, strict=True))
        assert shown.splitlines()[0] == best[1]
        assert all(label in shown for label in LABELS)
    else:
        assert shown.splitlines()[0] == f"{logged['value']:.6g} EUR"


def test_faults_stand_beside_their_fields_until_they_are_mended(
    serving: Serving, browser: Browser
) -> None:
    with visit(browser, str(serving.client.base_url)) as found:
        found.field("price (EUR)").fill("1,50")
        found.field("at").fill("")
        found.predict(refused=True)
        assert found.fault("at") == "Field required"
        assert found.fault("price (EUR)") == "Input should be a valid number"
        found.field("price (EUR)").fill("1.50")
        found.field("items").fill("9007199254740993")
        found.field("at").fill("2024-05-01T10:00:00+02:00")
        found.field("gift").select_option("–")
        found.predict()
        assert found.page.locator("[aria-invalid]").count() == 0
    columns = records(serving.config.log)[-1]["columns"]
    assert columns["price"] == 1.5
    assert columns["items"] == 9007199254740993, "no script rounded it"
    assert "gift" not in columns


def test_whatever_the_contract_and_the_people_write_is_text(
    tmp_path: Path, browser: Browser, awkward: Contract
) -> None:
    values = json.loads(awkward.text)
    values["columns"][HOSTILE] = {"type": "category", "allowed": [HOSTILE, "it's"], "unit": HOSTILE}
    contract, config = Contract.model_validate(values), serve_config(tmp_path, awkward.name)
    made = add_version(config.bundles, contract, serve=False)
    Versions(config.bundles, contract.name).serve(made, action="promote", why=HOSTILE)
    with live(config) as client, visit(browser, str(client.base_url)) as found:
        for at, name in enumerate(AWKWARD):
            found.field(name).fill(str(at))
        found.field("kind of thing").fill(HOSTILE)
        found.field(f"{HOSTILE} ({HOSTILE})").select_option("it's")
        found.predict()
        expect(found.page.locator("#since")).to_contain_text(HOSTILE)
        assert found.page.evaluate("typeof hacked") == "undefined"
        assert found.page.locator("img").count() == 0
    (logged,) = records(config.log)
    numbers = {name: float(at) for at, name in enumerate(AWKWARD)}
    assert logged["columns"] == numbers | {"kind of thing": HOSTILE, HOSTILE: "it's"}


def test_the_page_notices_the_first_model_and_a_newer_one(
    tmp_path: Path, browser: Browser, shop: Contract
) -> None:
    config = serve_config(tmp_path)
    with live(config) as client, browser.new_context() as context:
        page = context.new_page()
        page.goto(str(client.base_url))
        expect(page.locator("#notice")).to_contain_text("make train")
        heading = page.get_by_role("heading", level=1)
        for version in (1, 2):
            add_version(config.bundles, shop, bias=version)
            expect(heading).to_have_text(f"shop version {version}", timeout=30_000)
            if version == 1:
                page.get_by_label("items", exact=True).fill("77")
        assert page.get_by_label("items", exact=True).input_value() == "77", "what was typed stays"


def test_the_documentation_tries_the_example_out_and_asks_nobody_else(
    serving: Serving, browser: Browser
) -> None:
    with visit(browser, f"{serving.client.base_url}/docs") as found:
        found.page.get_by_role("button", name="POST /predict Predict rows").click()
        with found.page.expect_response("**/predict") as answered:
            found.page.get_by_role("button", name="Execute").click()
        assert answered.value.status == 200
