"""The real `volcengine-ark-runtime` package, plain and async."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from volcenginesdkarkruntime import Ark, AsyncArk
from volcenginesdkarkruntime._exceptions import (
    ArkAPIError,
    ArkAuthenticationError,
    ArkBadRequestError,
    ArkInternalServerError,
    ArkNotFoundError,
)
from volcenginesdkarkruntime.types.images import SequentialImageGenerationOptions

from pipelines.errors import ContentRejected, ModelFailure
from tests.server.conftest import KEY, Site
from tests.server.drawer import Drawer
from tests.server.pictures import opened

M3 = "doubao-seedream-3-0-t2i-250415"
M4 = "doubao-seedream-4-0-250828"


@pytest.fixture(scope="module")
def sdk(site: Site) -> Iterator[Ark]:
    sdk = Ark(base_url=f"{site.url}/api/v3", api_key=KEY)
    yield sdk
    sdk.close()


def test_it_draws_with_two_arguments(sdk: Ark) -> None:
    answer = sdk.images.generate(model=M4, prompt="a cat")
    assert answer.error is None
    assert answer.data[0].url.endswith(".jpg")
    assert answer.data[0].size == "2048x2048"
    assert answer.usage.generated_images == 1
    assert answer._request_id


def test_every_parameter_arrives(sdk: Ark) -> None:
    answer = sdk.images.generate(
        model=M3,
        prompt="a cat",
        size="512x640",
        seed=12,
        guidance_scale=2.5,
        watermark=False,
        response_format="b64_json",
        output_format="png",
    )
    assert opened(answer.data[0].b64_json).size == (512, 640)
    assert answer.data[0].url is None


def test_refusals_are_the_packages_own_exceptions(sdk: Ark, site: Site) -> None:
    with pytest.raises(ArkBadRequestError) as caught:
        sdk.images.generate(model=M4, prompt="a cat", size="800x800")
    assert caught.value.code == "invalid_parameters"
    assert caught.value.param == "size"
    with pytest.raises(ArkNotFoundError):
        sdk.images.generate(model="no-such-model", prompt="a cat")
    stranger = Ark(base_url=f"{site.url}/api/v3", api_key="wrong")
    with pytest.raises(ArkAuthenticationError):
        stranger.images.generate(model=M4, prompt="a cat")
    stranger.close()


def test_a_broken_model_is_not_asked_twice(sdk: Ark, drawer: Drawer) -> None:
    drawer.script("ark sdk failure", fail_at={1: ModelFailure("NaN")})
    before = len(drawer.drawn)
    with pytest.raises(ArkInternalServerError):
        sdk.images.generate(model=M3, prompt="ark sdk failure", seed=1)
    assert len(drawer.drawn) == before + 1


def test_the_async_client_draws(site: Site) -> None:
    async def draw() -> str:
        sdk = AsyncArk(base_url=f"{site.url}/api/v3", api_key=KEY)
        answer = await sdk.images.generate(model=M3, prompt="a cat", size="512x512")
        await sdk.close()
        url: str = answer.data[0].url
        return url

    assert asyncio.run(draw()).startswith(site.url)


def test_x_02_at_the_other_dialects_path_it_draws_in_that_dialect(site: Site) -> None:
    sdk = Ark(base_url=f"{site.url}/v1", api_key=KEY)
    answer = sdk.images.generate(model=M3, prompt="a cat", size="512x512")
    assert answer.data[0].url.endswith(".png")
    sdk.close()


def group(prompt: str, **more: object) -> dict[str, Any]:
    return {
        "model": M4,
        "prompt": prompt,
        "size": "1280x720",
        "sequential_image_generation": "auto",
        "sequential_image_generation_options": SequentialImageGenerationOptions(max_images=3),
        **more,
    }


def test_a_group_with_a_refused_picture_keeps_the_others(sdk: Ark, drawer: Drawer) -> None:
    drawer.script("three pictures by the package", fail_at={6: ContentRejected("not this one")})
    answer = sdk.images.generate(**group("three pictures by the package", seed=5))
    assert [item.url is None for item in answer.data] == [False, True, False]
    assert answer.data[1].error["code"] == "OutputImageSensitiveContentDetected"
    assert not hasattr(answer.data[0], "error")
    assert answer.usage.generated_images == 2


def test_a_stream_is_read_to_its_end(sdk: Ark) -> None:
    events = list(sdk.images.generate(**group("two pictures by the package", stream=True)))
    assert [event.type for event in events] == [
        "image_generation.partial_succeeded",
        "image_generation.partial_succeeded",
        "image_generation.completed",
    ]
    assert [event.image_index for event in events[:2]] == [0, 1]
    assert {event.size for event in events[:2]} == {"1280x720"}
    assert all(event.url.endswith(".jpg") for event in events[:2])
    assert events[-1].usage["generated_images"] == 2
    assert events[-1].usage["output_tokens"] == 2 * 3600


def test_a_refused_picture_ends_the_packages_own_reading(sdk: Ark, drawer: Drawer) -> None:
    """So it does with the vendor's service: the package raises at any event with an error."""
    prompt = "three pictures told to the package"
    drawer.script(prompt, fail_at={6: ContentRejected("not this one")})
    stream = sdk.images.generate(**group(prompt, seed=5, stream=True))
    assert next(stream).type == "image_generation.partial_succeeded"
    with pytest.raises(ArkAPIError, match="not this one") as caught:
        next(stream)
    assert caught.value.body["code"] == "OutputImageSensitiveContentDetected"
    stream.close()


def test_a_stream_that_fails_is_the_packages_own_exception(sdk: Ark, drawer: Drawer) -> None:
    drawer.script("ark streamed failure", fail_at={5: ModelFailure("NaN in the latents")})
    stream = sdk.images.generate(**group("ark streamed failure", seed=5, stream=True))
    with pytest.raises(ArkAPIError, match="NaN in the latents"):
        next(stream)
    stream.close()


def test_the_async_client_reads_a_stream(site: Site) -> None:
    async def draw() -> list[str]:
        sdk = AsyncArk(base_url=f"{site.url}/api/v3", api_key=KEY)
        stream = await sdk.images.generate(model=M4, prompt="a cat", size="1280x720", stream=True)
        types = [event.type async for event in stream]
        await sdk.close()
        return types

    expected = ["image_generation.partial_succeeded", "image_generation.completed"]
    assert asyncio.run(draw()) == expected
