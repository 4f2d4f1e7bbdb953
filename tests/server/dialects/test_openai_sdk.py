"""The real `openai` package, lenient and strict, plain and async."""

import asyncio
import threading
from collections.abc import Iterator

import openai
import pytest
from openai.types import (
    ImageGenCompletedEvent,
    ImageGenPartialImageEvent,
    ImageGenStreamEvent,
)

from pipelines.errors import ModelFailure, NotReady
from tests.server.conftest import KEY, Site
from tests.server.drawer import Drawer
from tests.server.pictures import opened

DOUBAO = "doubao-seedream-3-0-t2i"


@pytest.fixture(scope="module", params=[False, True], ids=["lenient", "strict"])
def sdk(site: Site, request: pytest.FixtureRequest) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=f"{site.url}/v1", api_key=KEY, _strict_response_validation=request.param
    ) as sdk:
        yield sdk


def test_gpt_image_draws(sdk: openai.OpenAI) -> None:
    answer = sdk.images.generate(model="gpt-image-1", prompt="a cat", n=2)
    assert answer.data is not None
    assert len(answer.data) == 2
    assert opened(answer.data[0].b64_json or "").size == (1024, 1024)
    assert answer.usage is not None
    assert answer.usage.input_tokens >= 1
    assert answer.background == "opaque"
    assert answer.quality == "medium"
    assert (answer._request_id or "").startswith("req_")


@pytest.mark.parametrize("quality", ["auto", "low", "high", "standard", "hd", "xhigh"])
def test_every_quality_passes_the_strict_types(sdk: openai.OpenAI, quality: str) -> None:
    answer = sdk.images.generate(
        model="gpt-image-1",
        prompt="a cat",
        quality=quality,  # type: ignore[arg-type]
        output_format="jpeg",
        response_format="b64_json",
    )
    assert answer.data


@pytest.mark.parametrize("model", ["dall-e-2", "dall-e-3", DOUBAO])
def test_the_other_models_draw(sdk: openai.OpenAI, model: str) -> None:
    answer = sdk.images.generate(model=model, prompt="a cat", size="1024x1024")
    assert answer.data is not None
    assert (answer.data[0].url or "").endswith(".png")
    assert answer.data[0].b64_json is None
    assert answer.usage is None


def test_the_extensions_travel_in_the_extra_body(sdk: openai.OpenAI) -> None:
    extra = {"watermark": False, "seed": 1, "guidance_scale": 5.5}
    raw = sdk.images.with_raw_response.generate(
        model=DOUBAO, prompt="a cat", size="512x512", extra_body=extra
    )
    assert raw.headers["x-seedbed-seed"] == "1"
    assert "x-seedbed-ignored" not in raw.headers


def test_models_are_listed_and_shown(sdk: openai.OpenAI) -> None:
    names = {model.id for model in sdk.models.list()}
    assert names >= {"dall-e-2", "dall-e-3", "gpt-image-1", DOUBAO, "doubao-seedream-4-0-250828"}
    model = sdk.models.retrieve("gpt-image-1")
    assert (model.id, model.object) == ("gpt-image-1", "model")
    with pytest.raises(openai.NotFoundError) as caught:
        sdk.models.retrieve("org/model name")
    assert caught.value.code == "model_not_found"
    assert "org/model name" in caught.value.message


def test_refusals_are_the_packages_own_exceptions(sdk: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        sdk.images.generate(model="nope", prompt="a cat")
    assert caught.value.param == "model"
    with pytest.raises(openai.AuthenticationError) as denied:
        sdk.with_options(api_key="wrong").images.generate(model="dall-e-2", prompt="a cat")
    assert denied.value.code == "invalid_api_key"


def test_a_server_that_starts_is_asked_again(site: Site, drawer: Drawer) -> None:
    prompt = "drawn at the second attempt"
    script = drawer.script(prompt, refuse=NotReady("loading", 0.05), refusals_left=1)
    with openai.OpenAI(base_url=f"{site.url}/v1", api_key=KEY) as sdk:
        assert sdk.images.generate(model="dall-e-2", prompt=prompt, size="256x256").data
    assert script.refusals_left == 0


def test_the_async_client_draws_many_at_once(site: Site) -> None:
    async def draw() -> list[str | None]:
        async with openai.AsyncOpenAI(base_url=f"{site.url}/v1", api_key=KEY) as sdk:
            answers = await asyncio.gather(
                *(
                    sdk.images.generate(
                        model="dall-e-2",
                        prompt=f"picture {number}",
                        size="256x256",
                        response_format="b64_json",
                        extra_body={"seed": number},
                    )
                    for number in range(10)
                )
            )
            return [answer.data[0].b64_json for answer in answers if answer.data]

    assert len(set(asyncio.run(draw()))) == 10


def test_x_02_at_the_other_dialects_path_it_hears_a_clear_refusal(site: Site) -> None:
    with (
        openai.OpenAI(base_url=f"{site.url}/api/v3", api_key=KEY) as sdk,
        pytest.raises(openai.NotFoundError, match="dall-e-2"),
    ):
        sdk.images.generate(model="dall-e-2", prompt="a cat")


def test_a_stream_is_read_to_its_end(sdk: openai.OpenAI, drawer: Drawer) -> None:
    prompt = f"a streamed cat, {sdk._strict_response_validation}"
    gate = threading.Event()
    drawer.script(prompt, gate=gate, gate_from=-1)
    events: list[ImageGenStreamEvent] = []
    with sdk.images.generate(
        model="gpt-image-1", prompt=prompt, stream=True, partial_images=2, quality="high"
    ) as stream:
        for event in stream:
            events.append(event)
            if len(events) == 2:
                gate.set()
    first, second, last = events
    assert isinstance(first, ImageGenPartialImageEvent)
    assert isinstance(second, ImageGenPartialImageEvent)
    assert [first.partial_image_index, second.partial_image_index] == [0, 1]
    assert isinstance(last, ImageGenCompletedEvent)
    assert opened(last.b64_json).size == (1024, 1024)
    assert last.usage.output_tokens == 4160
    assert last.usage.input_tokens_details.image_tokens == 0


def test_a_stream_that_fails_is_the_packages_own_exception(
    sdk: openai.OpenAI, drawer: Drawer
) -> None:
    drawer.script("a streamed failure", fail_at={9: ModelFailure("NaN in the latents")})
    stream = sdk.images.generate(
        model="gpt-image-1", prompt="a streamed failure", stream=True, extra_body={"seed": 9}
    )
    with pytest.raises(openai.APIError, match="NaN in the latents") as caught:
        list(stream)
    assert caught.value.code == "image_generation_failed"


def test_the_async_client_reads_a_stream(site: Site) -> None:
    async def draw() -> list[str]:
        async with openai.AsyncOpenAI(base_url=f"{site.url}/v1", api_key=KEY) as sdk:
            stream = await sdk.images.generate(
                model="gpt-image-1", prompt="a cat", stream=True, n=2
            )
            return [event.type async for event in stream]

    assert asyncio.run(draw()) == ["image_generation.completed"] * 2
