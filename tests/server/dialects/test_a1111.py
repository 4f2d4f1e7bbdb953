"""The A1111 dialect, called as Open WebUI and other front ends call it."""

import asyncio
import base64
import io
import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from PIL import Image

from pipelines.errors import ModelFailure, QueueFull
from server.contract.named_models import MODELS
from tests.server.conftest import KEY, serving
from tests.server.drawer import Drawer
from tests.server.pictures import opened, pixels

TEXT = "/sdapi/v1/txt2img"
IMAGE = "/sdapi/v1/img2img"
OPTIONS = "/sdapi/v1/options"
PROGRESS = "/sdapi/v1/progress"
BODY = {"prompt": "a cat", "width": 128, "height": 64, "seed": 5, "steps": 8}


def basic(key: str) -> dict[str, str]:
    """As Open WebUI sends its setting `anybody:key`."""
    return {"authorization": "Basic " + base64.b64encode(f"anybody:{key}".encode()).decode()}


@pytest.fixture(scope="module")
def url(drawer: Drawer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(drawer, tmp_path_factory.mktemp("data"), a1111=True) as site:
        yield site.url


@pytest.fixture
def webui(url: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=url, headers=basic(KEY), timeout=30) as client:
        yield client


def failed(answer: httpx2.Response, status: int) -> str:
    """Check status and shape, and return what is wrong."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body.keys() == {"error", "detail", "body", "errors"}
    detail: str = body["detail"]
    assert detail == body["errors"]
    return detail


def test_it_is_not_there_unless_it_is_wanted(client: httpx2.Client) -> None:
    assert client.post(TEXT, json=BODY).status_code == 404
    assert client.get(OPTIONS).json()["error"].keys() == {"message", "type", "param", "code"}


def test_text_becomes_pictures(webui: httpx2.Client, drawer: Drawer) -> None:
    answer = webui.post(
        TEXT,
        json={
            **BODY,
            "prompt": "a cat for a front end",
            "negative_prompt": "a dog",
            "cfg_scale": 5.5,
            "batch_size": 2,
            "n_iter": 2,
            "sampler_name": "Euler a",
            "scheduler": "Karras",
        },
    )
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body.keys() == {"images", "parameters", "info"}
    assert [opened(image).size for image in body["images"]] == [(128, 64)] * 4
    assert opened(body["images"][0]).format == "PNG"
    assert len(set(body["images"])) == 4
    assert body["parameters"]["steps"] == 8
    info = json.loads(body["info"])
    assert info["all_seeds"] == [5, 6, 7, 8]
    assert info["infotexts"][1] == (
        "a cat for a front end\nNegative prompt: a dog\nSteps: 8, Sampler: Default, "
        "CFG scale: 2.5, Seed: 6, Size: 128x64, Model: seedbed"
    )
    assert answer.headers["x-seedbed-ignored"] == "sampler_name, scheduler"
    assert answer.headers["x-seedbed-steps"] == "8"
    drawn = [request for request in drawer.drawn if request.prompt == "a cat for a front end"]
    assert {(request.steps, request.negative_prompt) for request in drawn} == {(8, "a dog")}


def test_a_side_that_is_not_said_is_512(webui: httpx2.Client) -> None:
    answer = webui.post(TEXT, json={"prompt": "a cat", "height": 256, "steps": None})
    assert opened(answer.json()["images"][0]).size == (512, 256)
    assert answer.json()["parameters"]["steps"] == 16


def test_the_model_is_chosen_as_open_webui_does_it(url: str) -> None:
    with httpx2.Client(base_url=url, headers=basic(KEY), timeout=30) as webui:
        options = webui.get(OPTIONS).json()
        assert options["sd_model_checkpoint"] == "seedbed"
        titles = [model["title"] for model in webui.get("/sdapi/v1/sd-models").json()]
        assert set(titles) == set(MODELS)
        options["sd_model_checkpoint"] = "gpt-image-1"
        changed = webui.post(OPTIONS, json=options | {"CLIP_stop_at_last_layers": 2})
        assert changed.json() is None
        assert changed.headers["x-seedbed-ignored"] == "samples_format, CLIP_stop_at_last_layers"
        assert webui.get(OPTIONS).json()["sd_model_checkpoint"] == "gpt-image-1"
        square = {"prompt": "a cat", "width": 1024, "height": 1024}
        drawn = webui.post(TEXT, json=square)
        assert drawn.headers["x-seedbed-model"] == "embedded; requested=gpt-image-1"
        other = {"override_settings": {"sd_model_checkpoint": "dall-e-2", "eta": 1}}
        drawn = webui.post(TEXT, json=square | other)
        assert drawn.headers["x-seedbed-model"] == "embedded; requested=dall-e-2"
        assert drawn.headers["x-seedbed-ignored"] == "override_settings.eta"
        stranger = webui.get(OPTIONS, headers=basic("other-key-0123456789"))
        assert stranger.json()["sd_model_checkpoint"] == "seedbed", "a choice is the key's own"
        assert "no-such" in failed(
            webui.post(OPTIONS, json={"sd_model_checkpoint": "no-such"}), 404
        )
        webui.post(OPTIONS, json={"sd_model_checkpoint": "seedbed"})


@pytest.mark.parametrize(
    "name",
    ["samplers", "schedulers", "upscalers", "sd-vae", "loras", "embeddings", "cmd-flags"],
)
def test_what_can_be_chosen_elsewhere_is_listed(webui: httpx2.Client, name: str) -> None:
    answer = webui.get(f"/sdapi/v1/{name}")
    assert answer.status_code == 200
    assert isinstance(answer.json(), list | dict)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"prompt": ""}, "prompt: Say what shall be drawn."),
        ({"steps": 51}, "steps: Expected a value <= 50, but got 51 instead."),
        ({"steps": 0}, "steps: Expected a value >= 1"),
        ({"steps": "8"}, "steps: expected an integer, but got a string"),
        ({"cfg_scale": 11}, "cfg_scale: Expected a value <= 10"),
        ({"width": 0}, "width: Expected a value >= 1"),
        ({"width": 8}, "width, height: width and height must be within 64..4096"),
        ({"batch_size": 0}, "batch_size: Expected a value >= 1"),
        ({"n_iter": -1}, "n_iter: Expected a value >= 1"),
        ({"batch_size": 4, "n_iter": 4}, "batch_size: Expected a value <= 10, but got 16"),
        ({"override_settings": {"sd_model_checkpoint": 1}}, "sd_model_checkpoint: expected a str"),
    ],
)
def test_a_wrong_value_is_named_as_the_caller_named_it(
    webui: httpx2.Client, wrong: dict[str, Any], said: str
) -> None:
    assert failed(webui.post(TEXT, json={**BODY, **wrong}), 422).startswith(said)


def test_errors_have_the_shape_of_the_original(webui: httpx2.Client, drawer: Drawer) -> None:
    failed(webui.post(TEXT, content="{"), 400)
    failed(webui.get(TEXT), 405)
    failed(webui.get("/sdapi/v1/foo"), 404)
    drawer.script("too much to do", refuse=QueueFull("full", 3))
    answer = webui.post(TEXT, json={**BODY, "prompt": "too much to do"})
    failed(answer, 429)
    assert answer.headers["retry-after"] == "3"
    drawer.script("a broken model", refuse=ModelFailure("NaN in the latents"))
    failed(webui.post(TEXT, json={**BODY, "prompt": "a broken model"}), 500)


def test_a_key_may_be_a_password_or_a_bearer(url: str) -> None:
    odd = {"authorization": b"Basic \xe9\xe9"}
    for headers in ({}, basic("no"), basic(""), {"api-key": KEY}, odd):
        answer = httpx2.get(url + OPTIONS, headers=headers)
        failed(answer, 401)
        assert answer.headers["www-authenticate"] == "Basic"
    bearer = {"authorization": f"Bearer {KEY}"}
    assert httpx2.get(url + OPTIONS, headers=bearer).status_code == 200
    assert httpx2.get(f"{url}/v1/models", headers=basic(KEY)).status_code == 401


def test_progress_is_told_and_a_drawing_can_be_interrupted(url: str, drawer: Drawer) -> None:
    script = drawer.script("slow for a front end", gate=threading.Event())
    other = basic("other-key-0123456789")

    async def draw_and_interrupt() -> httpx2.Response:
        async with httpx2.AsyncClient(base_url=url, headers=basic(KEY), timeout=30) as webui:
            body = {**BODY, "prompt": "slow for a front end"}
            drawing = asyncio.create_task(webui.post(TEXT, json=body))
            assert await asyncio.to_thread(script.started.wait, 10)
            told = (await webui.get(PROGRESS)).json()
            assert told["state"]["job_count"] == 1
            assert told["state"]["sampling_steps"] == 8
            assert 0 <= told["progress"] < 1
            others = (await webui.get(PROGRESS, headers=other)).json()
            assert others["state"]["job_count"] == 0
            await webui.post("/sdapi/v1/interrupt", headers=other)
            assert not script.cancelled.is_set()
            assert (await webui.post("/sdapi/v1/interrupt")).status_code == 200
            assert script.gate is not None
            script.gate.set()
            return await drawing

    failed(asyncio.run(draw_and_interrupt()), 499)
    idle = httpx2.get(url + PROGRESS, headers=basic(KEY)).json()
    assert (idle["progress"], idle["state"]["job_count"]) == (0, 0)
    assert script.steps_done == 0


def test_a_picture_must_be_one(webui: httpx2.Client) -> None:
    said = failed(webui.post(IMAGE, json=BODY), 422)
    assert said == "init_images: Send the picture to begin from."
    said = failed(webui.post(IMAGE, json={**BODY, "init_images": ["not base64"]}), 422)
    assert said == "init_images[0]: Its bytes are not written as base64."


def png(left: int, right: int) -> str:
    """A grey picture of two halves."""
    picture = Image.new("L", (128, 64), left)
    picture.paste(right, (64, 0, 128, 64))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


@pytest.mark.parametrize(("strength", "fidelity"), [(0.3, "high"), (0.75, "low"), (None, "low")])
def test_a_picture_becomes_another(
    webui: httpx2.Client, drawer: Drawer, strength: float | None, fidelity: str
) -> None:
    prompt = f"a cat from a picture, {strength}"
    started = {**BODY, "prompt": prompt, "init_images": ["data:image/png;base64," + png(200, 200)]}
    answer = webui.post(IMAGE, json=started | {"denoising_strength": strength})
    assert answer.status_code == 200, answer.text
    assert opened(answer.json()["images"][0]).size == (128, 64)
    (request,) = [request for request in drawer.drawn if request.prompt == prompt]
    assert request.fidelity == fidelity
    assert request.mask is None
    assert {*request.references[0].data} == {200}


def test_what_is_white_in_the_mask_is_drawn_anew(webui: httpx2.Client, drawer: Drawer) -> None:
    prompt = "half a cat"
    body = {**BODY, "prompt": prompt, "init_images": [png(200, 200)], "mask": png(0, 255)}
    answer = webui.post(IMAGE, json=body)
    assert answer.status_code == 200, answer.text
    (request,) = [request for request in drawer.drawn if request.prompt == prompt]
    assert request.mask is not None
    mask = request.mask.pixels[..., 0]
    width = mask.shape[1]
    assert (mask[:, : width // 4] == 0).all()
    assert (mask[:, -width // 4 :] == 255).all()
    drawn = pixels(answer.json()["images"][0])
    assert (drawn[:, :48] == 200).all(), "what is black stays as it was"
    assert drawn[:, 80:].std() > 10
