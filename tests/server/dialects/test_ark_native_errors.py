"""The vendor's own words for a wrong parameter, where the operator wants them."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.server.conftest import KEY, serving
from tests.server.drawer import Drawer
from tests.server.shapes import ark_error

PATH = "/api/v3/images/generations"
BODY = {"model": "doubao-seedream-4-0-250828", "prompt": "a cat"}


@pytest.fixture(scope="module")
def native(drawer: Drawer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    headers = {"authorization": f"Bearer {KEY}"}
    with (
        serving(drawer, tmp_path_factory.mktemp("data"), native_ark_errors=True) as site,
        httpx2.Client(base_url=site.url, headers=headers, timeout=30) as client,
    ):
        yield client


@pytest.mark.parametrize(
    ("wrong", "code", "beginning"),
    [
        (
            {"size": "800x800"},
            "InvalidParameter.size",
            "The parameter `size` specified in the request is not valid: image size must be",
        ),
        ({"prompt": ""}, "MissingParameter.prompt", "The parameter `prompt` is missing or empty."),
        ({"model": None}, "MissingParameter.model", "The parameter `model` is missing or empty."),
        ({"seed": "12"}, "InvalidParameter.seed", "The parameter `seed` specified in the request"),
    ],
)
def test_a_wrong_parameter_has_the_vendors_code(
    native: httpx2.Client, wrong: dict[str, Any], code: str, beginning: str
) -> None:
    answer = native.post(PATH, json={**BODY, **wrong})
    error = ark_error(answer, 400)
    assert (error["type"], error["code"]) == ("BadRequest", code)
    assert answer.headers["x-error-code"] == code
    assert error["message"].startswith(beginning)


def test_what_is_no_json_has_no_parameter(native: httpx2.Client) -> None:
    error = ark_error(native.post(PATH, content="{"), 400)
    assert (error["type"], error["code"]) == ("BadRequest", "InvalidParameter")
    assert error["message"].startswith("We could not parse the JSON body")


def test_all_other_errors_are_as_they_always_are(
    native: httpx2.Client, client: httpx2.Client
) -> None:
    body = {**BODY, "model": "no-such-model"}
    errors = [ark_error(each.post(PATH, json=body), 404) for each in (native, client)]
    assert errors[0]["code"] == errors[1]["code"] == "InvalidEndpointOrModel.NotFound"
