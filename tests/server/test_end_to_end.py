"""The whole house: the command, a worker process, the shipped model, both dialects."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import numpy as np
import openai
import pytest
from PIL import Image
from volcenginesdkarkruntime import Ark

from benchmarks.finishing import forget_peaks, peaks_mib
from tests.running import Running
from tests.server.conformance.calls import encoded
from tests.server.frames import frames
from tests.server.pictures import opened, pixels
from tests.server.published import EXAMPLES, paste

SEEDREAM = "doubao-seedream-3-0-t2i"

Draw = Callable[..., np.ndarray[Any, np.dtype[np.uint8]]]
Edit = Callable[..., list[np.ndarray[Any, Any]]]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def caller(running: Running) -> Iterator[httpx2.Client]:
    headers = {"authorization": f"Bearer {running.key}"}
    with httpx2.Client(base_url=running.url, headers=headers, timeout=120) as caller:
        yield caller


@pytest.fixture
def draw(caller: httpx2.Client) -> Draw:
    def draw(path: str = "/v1", **members: object) -> np.ndarray[Any, np.dtype[np.uint8]]:
        body = {
            "model": SEEDREAM,
            "prompt": "a red apple on a table",
            "size": "512x512",
            "seed": 12,
            "output_format": "png",
            "response_format": "b64_json",
            "quality": "low",
            "watermark": False,
        }
        answer = caller.post(f"{path}/images/generations", json=body | members)
        assert answer.status_code == 200, answer.text
        return pixels(answer.json()["data"][0]["b64_json"])

    return draw


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_published_examples_draw(running: Running, name: str) -> None:
    status, body = paste(EXAMPLES[name], running.url, running.key)
    assert status == 200, body
    for item in body["data"]:
        picture = opened(httpx2.get(item["url"]).content)
        assert item["size"] == f"{picture.width}x{picture.height}"
        assert np.asarray(picture.convert("L")).std() > 5, "an empty picture"


def test_the_same_seed_is_the_same_picture_in_both_dialects(draw: Draw) -> None:
    assert (draw("/v1", quality="standard") == draw("/api/v3")).all()


@pytest.mark.parametrize(
    "other",
    [{"seed": 13}, {"prompt": "a blue boat"}, {"guidance_scale": 9}, {"watermark": True}],
    ids=lambda other: next(iter(other)),
)
def test_every_parameter_changes_the_picture(draw: Draw, other: dict[str, object]) -> None:
    assert (draw() != draw(**other)).any()


def test_several_pictures_are_those_of_the_following_seeds(
    caller: httpx2.Client, draw: Draw
) -> None:
    body = {
        "model": SEEDREAM,
        "prompt": "a red apple on a table",
        "size": "512x512",
        "seed": 12,
        "n": 2,
        "quality": "low",
        "response_format": "b64_json",
        "watermark": False,
    }
    items = caller.post("/v1/images/generations", json=body).json()["data"]
    for index, item in enumerate(items):
        difference = pixels(item["b64_json"]).astype(int) - draw(seed=12 + index)
        assert abs(difference).max() <= 4, "a batch must not be seen in the picture"


def test_the_vendors_packages_draw(running: Running) -> None:
    with openai.OpenAI(
        base_url=f"{running.url}/v1", api_key=running.key, _strict_response_validation=True
    ) as sdk:
        answer = sdk.images.generate(model="gpt-image-1", prompt="a green tree")
        assert answer.data
    ark = Ark(base_url=f"{running.url}/api/v3", api_key=running.key)
    generated = ark.images.generate(model="doubao-seedream-4-0-250828", prompt="一只红色的狐狸")
    ark.close()
    assert opened(httpx2.get(generated.data[0].url).content).size == (2048, 2048)


def test_steps_are_reported_as_they_are_drawn(caller: httpx2.Client) -> None:
    body = {"prompt": "a yellow star", "size": "128x128", "seed": 1}
    with caller.stream("POST", "/seedbed/v1/images", json=body) as answer:
        names = [line for line in answer.iter_lines() if line.startswith("event: ")]
    assert names == ["event: progress"] * 16 + ["event: image", "event: completed"]


def test_previews_look_like_the_picture_they_become(caller: httpx2.Client) -> None:
    body = {"model": "gpt-image-1", "prompt": "a red star", "seed": 3, "quality": "low"}
    said = body | {"stream": True, "partial_images": 3, "output_format": "jpeg"}
    *shown, end = frames(caller.post("/v1/images/generations", json=said).content)
    assert 1 <= len(shown) <= 3, "late ones are left out"
    picture, preview = (pixels(event["b64_json"]) for event in (end, shown[-1]))
    assert preview.shape == picture.shape
    assert np.corrcoef(preview.ravel(), picture.ravel())[0, 1] > 0.8


@pytest.fixture
def edit(caller: httpx2.Client) -> Edit:
    def edit(
        files: dict[str, np.ndarray[Any, Any]], path: str = "edits", **said: object
    ) -> list[np.ndarray[Any, Any]]:
        form = {
            "model": "seedbed",
            "size": "512x512",
            "seed": 99,
            "quality": "low",
            "response_format": "b64_json",
        }
        parts = {name: encoded(Image.fromarray(one), "PNG") for name, one in files.items()}
        answer = caller.post(f"/v1/images/{path}", data=form | said, files=parts)
        assert answer.status_code == 200, answer.text
        assert "x-seedbed-ignored" not in answer.headers
        return [pixels(item["b64_json"]).astype(int) for item in answer.json()["data"]]

    return edit


def test_an_edit_stays_as_close_to_its_picture_as_it_is_told(draw: Draw, edit: Edit) -> None:
    drawn, prompt = draw(), "a blue apple on a table"
    distance = {
        fidelity: np.abs(edit({"image": drawn}, prompt=prompt, input_fidelity=fidelity)[0] - drawn)
        for fidelity in ("low", "high")
    }
    anew = np.abs(draw(prompt=prompt, seed=99).astype(int) - drawn)
    assert 1 < distance["high"].mean() < distance["low"].mean() < anew.mean()


def test_an_edit_draws_within_its_mask_and_nowhere_else(draw: Draw, edit: Edit) -> None:
    drawn = draw()
    mask = np.full((512, 512, 4), 255, np.uint8)
    mask[128:384, 128:384, 3] = 0
    (edited,) = edit({"image": drawn, "mask": mask}, prompt="a green boat", size="1024x1024")
    sent = Image.fromarray(drawn).resize((1024, 1024), Image.Resampling.LANCZOS)
    difference = np.abs(edited - np.asarray(sent, dtype=int))
    assert difference[300:724, 300:724].mean() > 10
    difference[250:774, 250:774] = 0
    assert difference.max() == 0


def test_variations_differ_but_are_like_their_picture(draw: Draw, edit: Edit) -> None:
    drawn = draw()
    one, other = edit({"image": drawn}, "variations", model="dall-e-2", n=2, quality="standard")
    assert np.abs(one - other).mean() > 1
    anew = draw(prompt="a green boat in the snow").astype(int)
    assert np.abs(one - drawn).mean() < np.abs(anew - drawn).mean()


def test_the_largest_picture_fits_a_small_machine(running: Running) -> None:
    """8 GiB is the promise, with room for the rest of the machine; webp takes the most of it."""
    pid = running.process.pid
    forget_peaks(pid)
    body = {"model": "seedbed", "prompt": "a lighthouse", "size": "4096x4096", "quality": "low"}
    answer = httpx2.post(
        f"{running.url}/v1/images/generations",
        json=body | {"output_format": "webp", "watermark": True, "response_format": "b64_json"},
        headers={"authorization": f"Bearer {running.key}"},
        timeout=120,
    )
    own_mib, workers_mib = peaks_mib(pid)
    assert opened(answer.json()["data"][0]["b64_json"]).size == (4096, 4096)
    assert workers_mib > 100, "the worker was not measured"
    assert own_mib + workers_mib < 2048
