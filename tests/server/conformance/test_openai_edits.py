"""Edits and variations in the OpenAI dialect: forms as clients write them, and JSON."""

import asyncio
import io
from collections.abc import Iterator
from typing import Any

import httpx2
import numpy as np
import openai
import pytest
from openai.types import ImageEditCompletedEvent, ImageEditPartialImageEvent
from PIL import Image

from tests.server.conformance.calls import (
    EDITS,
    data_url,
    encoded,
    events_of,
    fetched,
    ignored,
    png,
    size_of,
)
from tests.server.conftest import KEY, Site
from tests.server.pictures import opened, pixels
from tests.server.shapes import openai_error, openai_invalid

SQUARE = png(1024, 1024)


@pytest.fixture(scope="module")
def sdk(site: Site) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{site.url}/v1", api_key=KEY) as sdk:
        yield sdk


def upload(name: str, data: bytes, kind: str = "image/png") -> tuple[str, tuple[str, bytes, str]]:
    return name, ("picture.png", data, kind)


def left_half_open(size: int = 1024) -> bytes:
    """A mask whose left half is transparent: draw there."""
    mask = Image.new("RGBA", (size, size), (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (0, 0, size // 2, size))
    return encoded(mask, "PNG")


def test_o_e01_the_package_edits_a_picture(sdk: openai.OpenAI) -> None:
    answer = sdk.images.edit(model="gpt-image-1", image=("a.png", png()), prompt="at night")
    assert answer.data
    (item,) = answer.data
    picture = opened(item.b64_json or "")
    assert picture.size == (1024, 1024)
    assert opened(fetched(item.url or "")).tobytes() == picture.tobytes()
    assert answer.usage is not None
    assert answer.usage.input_tokens_details.image_tokens > 0


@pytest.mark.parametrize("count", [1, 2, 16])
def test_o_e02_a_list_of_pictures_is_one_call(sdk: openai.OpenAI, count: int) -> None:
    pictures = [io.BytesIO(png(colour=(10 * number, 0, 0))) for number in range(count)]
    answer = sdk.images.edit(model="gpt-image-1", image=pictures, prompt="together")  # type: ignore[arg-type]
    assert len(answer.data or ()) == 1


def test_o_e04_what_the_mask_covers_stays_as_it_was(sdk: openai.OpenAI) -> None:
    answer = sdk.images.edit(
        model="gpt-image-1",
        image=("a.png", SQUARE),
        mask=("mask.png", left_half_open()),
        prompt="a blue wall",
    )
    drawn = pixels((answer.data or [])[0].b64_json or "").astype(int)
    change = np.abs(drawn - pixels(SQUARE).astype(int))
    assert change[:, 600:].max() <= 2
    assert change[:, :400].mean() > 10


@pytest.mark.parametrize(
    "mask",
    [left_half_open(512), encoded(Image.new("RGB", (1024, 1024)), "JPEG")],
    ids=["another size", "no alpha"],
)
def test_o_e05_a_mask_that_does_not_fit_is_refused(client: httpx2.Client, mask: bytes) -> None:
    answer = client.post(
        EDITS,
        data={"model": "gpt-image-1", "prompt": "x"},
        files=[upload("image", SQUARE), upload("mask", mask)],
    )
    assert openai_error(answer, 400)["param"] == "mask"


def test_o_e07_a_file_that_is_no_picture_is_refused(client: httpx2.Client) -> None:
    answer = client.post(
        EDITS,
        data={"model": "gpt-image-1", "prompt": "x"},
        files=[upload("image", b"only words", "text/plain")],
    )
    openai_invalid(answer, "image", "unsupported_file_mimetype")


def test_o_e07_of_several_the_one_that_is_no_picture_is_named(client: httpx2.Client) -> None:
    answer = client.post(
        EDITS,
        data={"model": "gpt-image-1", "prompt": "x"},
        files=[upload("image[]", png()), upload("image[]", b"only words")],
    )
    openai_invalid(answer, "image[1]", "unsupported_file_mimetype")


def test_o_e07_what_a_file_says_of_itself_does_not_matter(client: httpx2.Client) -> None:
    answer = client.post(
        EDITS,
        data={"model": "gpt-image-1", "prompt": "x"},
        files=[("image", ("upload", png(), "application/octet-stream"))],
    )
    assert answer.status_code == 200, answer.text


def test_o_e09_an_edit_is_told_as_it_goes(client: httpx2.Client) -> None:
    answer = client.post(
        EDITS,
        data={"model": "gpt-image-1", "prompt": "x", "stream": "true", "partial_images": "1"},
        files=[upload("image", png())],
    )
    *previews, end = events_of(answer)
    assert {event["type"] for event in previews} <= {"image_edit.partial_image"}
    assert len(previews) <= 1
    assert end["type"] == "image_edit.completed"
    assert opened(end["b64_json"]).size == (1024, 1024)
    assert end["usage"]["input_tokens_details"]["image_tokens"] > 0


@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
def test_o_e09_the_package_reads_an_edit_as_it_goes(site: Site, strict: bool) -> None:
    async def edit() -> list[Any]:
        async with openai.AsyncOpenAI(
            base_url=f"{site.url}/v1", api_key=KEY, _strict_response_validation=strict
        ) as sdk:
            stream = await sdk.images.edit(
                model="gpt-image-1",
                image=("a.png", png()),
                prompt="at night",
                quality="high",
                stream=True,
                partial_images=2,
            )
            return [event async for event in stream]

    *previews, end = asyncio.run(edit())
    assert previews
    assert all(isinstance(event, ImageEditPartialImageEvent) for event in previews)
    assert isinstance(end, ImageEditCompletedEvent)
    assert opened(end.b64_json).size == (1024, 1024)


@pytest.mark.parametrize("spelling", ["image", "image[]", "image[0]"])
def test_o_e10_numbers_and_booleans_are_read_from_text(
    client: httpx2.Client, spelling: str
) -> None:
    answer = client.post(
        EDITS,
        data={
            "model": "gpt-image-1",
            "prompt": "x",
            "n": "2",
            "output_format": "jpeg",
            "output_compression": "80",
            "watermark": "True",
        },
        files=[upload(spelling, png())],
    )
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["data"]) == 2
    assert not ignored(answer)


def test_o_e11_an_edit_may_be_json(client: httpx2.Client) -> None:
    body = {
        "model": "gpt-image-1.5",
        "images": [{"image_url": data_url(png())}],
        "prompt": "x",
    }
    answer = client.post(EDITS, json=body)
    assert answer.status_code == 200, answer.text
    assert opened(answer.json()["data"][0]["b64_json"]).size == (1024, 1024)


def test_o_e15_markup_and_a_mask_exclude_each_other(client: httpx2.Client) -> None:
    answer = client.post(
        EDITS,
        data={"model": "gpt-image-2.5-flare", "prompt": "x"},
        files=[
            upload("image", SQUARE),
            upload("mask", left_half_open()),
            upload("markup", left_half_open()),
        ],
    )
    assert openai_error(answer, 400)["param"] in ("mask", "markup")


def test_o_e16_a_doubao_model_edits_with_its_extensions(client: httpx2.Client) -> None:
    def edit() -> httpx2.Response:
        return client.post(
            f"{EDITS}/",
            data={
                "model": "doubao-seedream-4-0-250828",
                "prompt": "x",
                "size": "1280x720",
                "watermark": "false",
                "seed": "5",
            },
            files=[upload("image", png())],
        )

    first, second = edit(), edit()
    assert first.status_code == 200, first.text
    assert first.headers["x-seedbed-seed"] == "5"
    urls = [answer.json()["data"][0]["url"] for answer in (first, second)]
    assert size_of(urls[0]) == (1280, 720)
    assert fetched(urls[0]) == fetched(urls[1])


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
def test_o_v01_the_package_draws_variations(sdk: openai.OpenAI) -> None:
    answer = sdk.images.create_variation(image=("a.png", png()), n=2, size="512x512")
    urls: list[Any] = [item.url for item in answer.data or ()]
    assert [size_of(url) for url in urls] == [(512, 512)] * 2
    assert len({fetched(url) for url in urls}) == 2
