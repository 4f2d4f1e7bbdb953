"""The lists of models of both dialects."""

import httpx2
import openai
import pytest

from server.contract.named_models import MODELS
from tests.server.conftest import KEY, Site
from tests.server.shapes import openai_error


@pytest.fixture
def sdk(site: Site) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{site.url}/v1", api_key=KEY)


def test_o_m01_the_list_has_every_model(sdk: openai.OpenAI, client: httpx2.Client) -> None:
    with sdk:
        names = {model.id for model in sdk.models.list()}
    assert names >= {"dall-e-2", "dall-e-3", "gpt-image-1", "doubao-seedream-3-0-t2i"}
    assert names >= {"doubao-seedream-4-0-250828", "doubao-seededit-3-0-i2i-250628"}
    body = client.get("/v1/models").json()
    assert body["object"] == "list"
    assert all(
        entry.keys() >= {"id", "object", "created", "owned_by"} and entry["object"] == "model"
        for entry in body["data"]
    )


@pytest.mark.parametrize("name", MODELS)
def test_o_m02_each_is_shown_alone(client: httpx2.Client, name: str) -> None:
    model = client.get(f"/v1/models/{name}").json()
    assert (model["id"], model["object"]) == (name, "model")
    assert type(model["created"]) is int
    assert isinstance(model["owned_by"], str)


def test_o_m02_an_unknown_one_is_404_also_with_odd_characters(sdk: openai.OpenAI) -> None:
    with sdk, pytest.raises(openai.NotFoundError) as caught:
        sdk.models.retrieve("org/model name")
    assert caught.value.code == "model_not_found"
    assert "org/model name" in caught.value.message


def test_o_m04_the_list_needs_a_key(stranger: httpx2.Client) -> None:
    assert openai_error(stranger.get("/v1/models"), 401)["type"] == "authentication_error"
