import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.values import epoch_seconds

from ..conftest import LABELS, TASKS, Workspace, shop_of
from .conftest import AWKWARD, Serving, serve_config
from .live import add_version, live, records
from .visits import visit

pytestmark = [pytest.mark.slow, pytest.mark.browser]
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
HOSTILE = "<img src=x onerror='hacked = 1'>"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_typical_row_is_answered_by_keyboard_alone(
    serving: Serving, browser: Browser, size: Any, scheme: Any
) -> None:
    url = str(serving.client.base_url)
    with visit(browser, url, viewport=size, color_scheme=scheme) as found:
        page = found.page
        expect(page.get_by_role("heading", level=1)).to_have_text("shop version 1")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="To the form")).to_be_in_viewport()
        page.keyboard.press("Enter")
        for name in ("order", "at"):
            page.keyboard.press("Tab")
            expect(found.field(name)).to_be_focused()
        found.field("price EUR").focus()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("12.5")
        page.keyboard.press("Enter")
        answer = page.locator("#answer")
        expect(answer.locator(".decision")).to_be_in_viewport()
        logged = records(serving.config.log)[-1]
        assert logged["columns"]["price"] == 12.5
        assert answer.locator(".figure").inner_text() == f"{logged['probability']:.1%}"
        expect(answer).to_contain_text(logged["request_id"])
        assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(16, 20, 25)") == (scheme == "dark")


@pytest.mark.parametrize("task", TASKS)
def test_each_task_is_shown_as_it_is_answered(tmp_path: Path, browser: Browser, task: str) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, shop_of(task))
    with live(config) as client, visit(browser, str(client.base_url)) as found:
        told = found.predict().inner_text()
    (logged,) = records(config.log)
    if task == "binary":
        reached = logged["probability"] >= 0.5
        assert f"Decided: returned is {'' if reached else 'not '}true" in told
        assert "the threshold of 50.0%" in told
    elif task == "multiclass":
        best = max(zip(logged["probabilities"], LABELS, strict=True))
        assert told.splitlines()[0] == best[1]
        assert all(label in told for label in LABELS)
    else:
        assert told.splitlines()[0] == f"{logged['value']:.6g} EUR"


def test_the_projects_own_contract_is_asked_with_its_typical_row(
    workspace: Workspace, tmp_path: Path, browser: Browser
) -> None:
    config = workspace.config.serve.model_copy(update={"log": tmp_path / "live"})
    with live(config) as client, visit(browser, str(client.base_url)) as found:
        found.predict()
        example = client.get("/openapi.json").json()["paths"]["/predict"]["post"]["requestBody"]
    (row,) = example["content"]["application/json"]["example"]["rows"]
    (logged,) = records(config.log)
    contract = workspace.contract
    for name in contract.times:
        given, sent = row.pop(name), logged["columns"].pop(name, None)
        moments = [None if text is None else datetime.fromisoformat(text) for text in (given, sent)]
        assert epoch_seconds(moments[0], contract.zone) == epoch_seconds(moments[1], contract.zone)
    expected = {n: v for n, v in row.items() if v is not None and n != contract.id}
    assert logged["columns"].keys() == expected.keys()
    for name, value in expected.items():
        sent, number = logged["columns"][name], contract.columns[name].type == "float"
        assert (np.float32(sent) == np.float32(value)) if number else (sent == value), name


def test_faults_stand_beside_their_fields_until_they_are_mended(
    serving: Serving, browser: Browser
) -> None:
    before = len(records(serving.config.log))
    with visit(browser, str(serving.client.base_url)) as found:
        found.field("price EUR").fill("1,50")
        found.field("items").fill("0")
        found.field("at").fill("")
        told = found.predict(refused=True)
        assert "beside 3 fields" in told.inner_text()
        assert found.fault("at") == "Field required"
        assert found.fault("price EUR") == "Input should be a valid number"
        assert found.fault("items") == "Input should be greater than or equal to 1"
        expect(found.field("at")).to_be_focused()
        for name in ("at", "price EUR", "items"):
            assert found.field(name).get_attribute("aria-invalid") == "true"
        found.field("price EUR").fill("+01.50")
        expect(found.field("price EUR")).not_to_have_attribute("aria-invalid", "true")
        found.field("items").fill("9007199254740993")
        found.field("at").fill("2024-05-01T10:00:00")
        found.predict()
        assert found.page.locator("[aria-invalid]").count() == 0
        found.page.get_by_role("button", name="Typical row again").click()
        assert found.field("items").input_value() != "9007199254740993"
    (logged,) = records(serving.config.log)[before:]
    assert logged["columns"]["price"] == 1.5
    assert logged["columns"]["items"] == 9007199254740993, "no script rounded it"
    assert datetime.fromisoformat(logged["columns"]["at"]).timestamp() == 1_714_550_400


def test_what_may_be_empty_is_left_out(serving: Serving, browser: Browser) -> None:
    with visit(browser, str(serving.client.base_url)) as found:
        found.field("gift").select_option("–")
        found.field("city").fill("")
        found.field("order").fill("o-17")
        found.predict()
    sent = records(serving.config.log)[-1]["columns"]
    assert sent.keys() == {"order", "at", "price", "items", "channel"}
    assert sent["order"] == "o-17"


def test_whatever_the_contract_and_the_people_write_is_text(
    tmp_path: Path, browser: Browser, awkward: Contract
) -> None:
    values = json.loads(awkward.text)
    values["columns"] |= {
        HOSTILE: {"type": "category", "allowed": [HOSTILE, 'say "so"', "it's"], "unit": HOSTILE},
    }
    contract, config = Contract.model_validate(values), serve_config(tmp_path)
    made = add_version(config.bundles, contract, serve=False)
    Versions(config.bundles, contract.name).serve(made, action="promote", why=HOSTILE)
    with live(config) as client, visit(browser, str(client.base_url)) as found:
        for at, name in enumerate(AWKWARD):
            found.field(name).fill(str(at))
        found.field("kind of thing").fill(HOSTILE)
        found.field(f"{HOSTILE} {HOSTILE}").select_option("it's")
        found.predict()
        for name in AWKWARD:
            found.field(name).fill("x")
        found.predict(refused=True)
        assert {found.fault(name) for name in AWKWARD} == {"Input should be a valid number"}
        expect(found.page.locator("#since")).to_contain_text(HOSTILE)
        assert found.page.evaluate("typeof hacked") == "undefined"
        assert found.page.locator("img").count() == 0
    (logged,) = records(config.log)
    numbers = {name: float(at) for at, name in enumerate(AWKWARD)}
    assert logged["columns"] == numbers | {"kind of thing": HOSTILE, HOSTILE: "it's"}


def test_local_times_are_the_moments_that_the_data_job_takes_them_for(
    serving: Serving, browser: Browser, shop: Contract
) -> None:
    forward, back = datetime(2024, 3, 31), datetime(2024, 10, 27)
    walls = [day + timedelta(minutes=30 * at) for day in (forward, back) for at in range(10)]
    walls += [datetime(1999, 12, 31, 23, 59, 59), datetime(2024, 7, 1)]
    script = """async (walls) => {
        const { momentOf } = await import("/page/zone.js");
        return walls.map((wall) => momentOf(wall, "Europe/Paris"));
    }"""
    with visit(browser, str(serving.client.base_url)) as found:
        moments = found.page.evaluate(script, [wall.isoformat() for wall in walls])
    expected = [epoch_seconds(wall, shop.zone) for wall in walls]
    assert [datetime.fromisoformat(moment).timestamp() for moment in moments] == expected


def test_the_page_notices_the_first_model_and_a_newer_one(
    tmp_path: Path, browser: Browser, shop: Contract
) -> None:
    config = serve_config(tmp_path)
    with live(config) as client, visit(browser, str(client.base_url)) as found:
        page = found.page
        expect(page.locator("#absent")).to_contain_text("make data train")
        expect(page.locator("#form")).to_be_hidden()
        add_version(config.bundles, shop)
        expect(page.get_by_role("heading", level=1)).to_have_text("shop version 1")
        expect(page.locator("#absent")).to_be_hidden()
        found.field("items").fill("77")
        add_version(config.bundles, shop, bias=1.0)
        expect(page.get_by_role("heading", level=1)).to_have_text("shop version 2")
        assert found.field("items").input_value() == "77", "what was typed stays"
        assert "Version 2" in found.predict().inner_text()


def test_a_server_that_went_away_is_told(tmp_path: Path, browser: Browser, shop: Contract) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, shop)
    with live(config) as client:
        url = str(client.base_url)
        context = browser.new_context()
        page = context.new_page()
        page.goto(url)
        expect(page.locator("#form")).to_be_visible()
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#answer")).to_contain_text("The server gave no answer")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#notice")).to_contain_text("does not answer")
    context.close()
