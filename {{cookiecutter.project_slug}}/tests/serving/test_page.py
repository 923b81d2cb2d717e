import re
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.serving.page import FOLDER
from {{ cookiecutter.__package }}.values import epoch_seconds

from ..conftest import TASKS, Workspace, shop_of
from .conftest import Serving, serve_config
from .live import add_version, live, until
from .pages import policy_of, read
from .problems import problem_of

FILES = FOLDER / "files"
SCRIPTS = sorted(FILES.glob("*.js"))
PARTS = sorted(FILES.iterdir())


def test_the_page_loads_its_own_files_and_no_others(serving: Serving) -> None:
    page = read(serving.client, "/")
    assert page.scripts_inside == []
    for name in page.files + page.links:
        assert re.fullmatch(r"#\w+|[a-z]+(/[a-z.]+)?", name), "relative, so that a prefix may stand"
        assert serving.client.get(f"/{name}").status_code == 200, name


@pytest.mark.parametrize("path", ["/", *(f"/page/{path.name}" for path in PARTS)])
def test_each_file_is_answered_with_headers_that_keep_it_in(serving: Serving, path: str) -> None:
    answer = serving.client.get(path)
    assert answer.status_code == 200
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    policy = policy_of(answer)
    for of in ("default-src", "base-uri", "form-action", "frame-ancestors"):
        assert policy.pop(of) == ["'none'"]
    assert set(map(tuple, policy.values())) == {("'self'",)}
    same = serving.client.get(path, headers={"if-none-match": answer.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")


@pytest.mark.parametrize("path", PARTS, ids=lambda path: path.name)
def test_no_file_names_another_server(path: Path) -> None:
    text = path.read_text().replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"(?:https?:)?//[\w.]+\.\w+/?|@import|url\(", text) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_markup_or_code_of_a_text(path: Path) -> None:
    makers = r"(inner|outer)HTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc"
    assert re.findall(makers, path.read_text()) == []


@pytest.mark.parametrize("path", ["/page/", "/page/__init__.py", "/page/view.py", "/page/none.js"])
def test_nothing_but_the_pages_files_is_answered(serving: Serving, path: str) -> None:
    assert problem_of(serving.client.get(path), 404).code == "not_found"


@pytest.mark.parametrize("path", ["/page/../view.py", "/page/%2e%2e/view.py", "/page/..%2fview.py"])
def test_no_path_leads_out_of_the_pages_folder(serving: Serving, path: str) -> None:
    url = httpx.URL(str(serving.client.base_url)).copy_with(raw_path=path.encode())
    assert problem_of(serving.client.get(url), 404).code == "not_found"


def test_files_that_are_not_there_are_counted_as_one_route(serving: Serving) -> None:
    for number in range(3):
        serving.client.get(f"/page/none-{number}.js")
    assert "none-1.js" not in serving.client.get("/metrics").text


def themes() -> list[dict[str, str]]:
    """The colours by name, of light and of dark."""
    text = (FILES / "page.css").read_text()
    return [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root \{(.*?)\}", text, re.DOTALL)
    ]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2.2)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", themes(), ids=["light", "dark"])
def test_texts_and_edges_stand_out(theme: dict[str, str]) -> None:
    for text, ground in product(("ink", "soft", "accent", "bad"), ("paper", "wash")):
        assert contrast(theme[text], theme[ground]) >= 4.5, (text, ground)
    assert contrast(theme["on-accent"], theme["accent"]) >= 4.5
    assert contrast(theme["edge"], theme["paper"]) >= 3, "the edge of a field"
    assert contrast(theme["accent"], theme["track"]) >= 3, "a bar in its track"


@pytest.mark.parametrize("task", TASKS)
def test_what_serves_is_told_with_a_field_for_each_column(tmp_path: Path, task: str) -> None:
    contract, config = shop_of(task), serve_config(tmp_path)
    add_version(config.bundles, contract)
    with live(config) as client:
        model = client.get("/status").json()["model"]
        example = example_of(client)
    assert (model["name"], model["version"], model["why"]) == ("shop", 1, "a test")
    assert (model["task"], model["threshold"]) == (task, 0.5 if task == "binary" else None)
    assert model["unit"] == ("EUR" if task == "regression" else None)
    assert "returned" in model["purpose"]
    (measure,) = model["measures"]
    assert [measure[key] for key in ("low", "value", "high")] == [0.65, 0.7, 0.75]
    fields = {field.pop("name"): field for field in model["fields"]}
    assert list(fields) == list(contract.request)
    assert fields["price"] == {
        "type": "float",
        "unit": "EUR",
        "minimum": 0,
        "maximum": 1000,
        "allowed": None,
        "optional": False,
        "value": f"{example['price']:.9g}",
    }
    assert fields["channel"]["allowed"] == ["web", "store"]
    assert {name for name, field in fields.items() if field["optional"]} == {
        "order",
        "city",
        "gift",
    }
    assert fields["order"]["value"] is None, "a try is not taken for the row that it was made from"
    assert fields["gift"]["value"] == str(example["gift"]).lower()


def example_of(client: httpx.Client) -> dict[str, Any]:
    """The typical row that the OpenAPI document shows."""
    body = client.get("/openapi.json").json()["paths"]["/predict"]["post"]["requestBody"]
    row: dict[str, Any] = body["content"]["application/json"]["example"]["rows"][0]
    return row


def test_times_are_local_to_the_contracts_zone(serving: Serving, shop: Contract) -> None:
    model = serving.client.get("/status").json()["model"]
    (shown,) = (field["value"] for field in model["fields"] if field["name"] == "at")
    given = datetime.fromisoformat(example_of(serving.client)["at"])
    assert model["timezone"] == shop.timezone
    assert epoch_seconds(datetime.fromisoformat(shown), shop.zone) == epoch_seconds(
        given, shop.zone
    )


def test_nobody_learns_who_promoted(serving: Serving) -> None:
    status = serving.client.get("/status")
    who = serving.client.get("/model").json()["promotion"]["who"]
    assert who
    assert f'"{who}"' not in status.text
    assert status.headers["cache-control"] == "no-store"


def test_every_metric_of_a_trained_model_is_told_beside_simpler_ones(
    workspace: Workspace,
) -> None:
    with live(workspace.config.serve) as client:
        model = client.get("/status").json()["model"]
    metrics = workspace.bundle.metadata["metrics"]
    assert len(model["measures"]) == len(metrics["model"])
    main, task = model["measures"][0], workspace.bundle.task
    assert main["value"] == metrics["model"][task.main]["value"]
    assert set(main["others"]) == set(metrics) - {"model"}


def test_before_a_model_serves_the_page_is_there_and_tells_what_to_do(
    tmp_path: Path, shop: Contract
) -> None:
    config = serve_config(tmp_path)
    with live(config) as client:
        read(client, "/")
        status = client.get("/status").json()
        assert status["model"] is None
        assert status["problem"] == client.get("/health/ready").json()["problem"]
        assert "make train" in status["problem"]


def test_a_newer_version_that_cannot_be_loaded_is_told(tmp_path: Path, shop: Contract) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, shop)
    with live(config) as client:
        made = add_version(config.bundles, shop, bias=1.0, serve=False)
        versions = Versions(config.bundles, shop.name)
        (versions.folder / made.bundle / "model.onnx").write_bytes(b"torn")
        versions.serve(made, action="promote", why="a test")
        until(lambda: client.get("/status").json()["problem"] is not None, "a problem")
        status = client.get("/status").json()
    assert status["model"]["version"] == 1
    assert "model.onnx is absent or damaged" in status["problem"]
