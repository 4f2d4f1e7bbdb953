"""Probes and lists."""

import httpx2

from server.contract.named_models import MODELS
from tests.server.drawer import Drawer


def test_alive_and_version_need_no_key(stranger: httpx2.Client) -> None:
    assert stranger.get("/livez").json() == {"status": "ok"}
    assert stranger.get("/version").json() == {"name": "seedbed", "version": "0.0.0-test"}
    assert stranger.head("/livez").status_code == 200


def test_ready_only_when_a_picture_can_be_drawn(stranger: httpx2.Client, drawer: Drawer) -> None:
    assert stranger.get("/readyz").json() == {"ready": True}
    drawer.ready, drawer.reason = False, "the worker loads its model"
    try:
        answer = stranger.get("/readyz")
        assert stranger.get("/livez").status_code == 200
    finally:
        drawer.ready, drawer.reason = True, ""
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "reason": "the worker loads its model"}


def test_the_lists_have_every_model(client: httpx2.Client) -> None:
    answer = client.get("/v1/models").json()
    assert answer["object"] == "list"
    assert [model["id"] for model in answer["data"]] == list(MODELS)
    for model in answer["data"]:
        assert model.keys() == {"id", "object", "created", "owned_by"}
    assert client.get("/models").json() == answer


def test_the_ark_list_has_its_own_models_with_name_and_version(client: httpx2.Client) -> None:
    models = {model["id"]: model for model in client.get("/api/v3/models").json()["data"]}
    assert "dall-e-2" not in models
    seedream = models["doubao-seedream-4-0-250828"]
    assert (seedream["name"], seedream["version"]) == ("doubao-seedream-4-0", "250828")
    assert models["doubao-seedream-3-0-t2i"]["version"] == ""


def test_a_model_is_shown_by_name(client: httpx2.Client) -> None:
    assert client.get("/v1/models/dall-e-3").json()["owned_by"] == "system"
    assert client.get("/v1/models/seedbed/").json()["owned_by"] == "seedbed"
    answer = client.get("/v1/models/nope")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "model_not_found"


def test_our_own_list_says_who_draws_and_where_the_models_are(
    client: httpx2.Client, stranger: httpx2.Client
) -> None:
    answer = client.get("/seedbed/v1/models").json()
    assert answer["tier"] == "embedded"
    assert [each["name"] for each in answer["models"]] == list(MODELS)
    assert answer["models"][0] == {
        "name": "dall-e-2",
        "generate": ["embedded"],
        "edit": ["embedded"],
    }
    (stand_in,) = answer["stand_ins"]
    assert (stand_in["licence"], stand_in["commercial"]) == ("Apache-2.0", True)
    (worker,) = answer["workers"]
    assert (worker["device"], worker["models"][0]["state"]) == ("paper", "resident")
    assert stranger.get("/seedbed/v1/models").status_code == 401
