"""Two packages that other programs are built on, unmodified: LiteLLM and LangChain."""

import asyncio
import importlib
import io
import socket
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from tests.server.conformance.calls import fetched, png
from tests.server.conftest import KEY, Site
from tests.server.pictures import opened


@pytest.fixture(scope="module", autouse=True)
def only_this_machine() -> Iterator[None]:
    """Neither package asks anybody else: no name is looked up but this machine's."""
    look_up = socket.getaddrinfo

    def local(host: Any, *arguments: Any, **named: Any) -> Any:
        assert host in ("127.0.0.1", "localhost"), f"{host} was looked up"
        return look_up(host, *arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", local)
        yield


@pytest.fixture(scope="module")
def litellm() -> ModuleType:
    """Imported late: it looks at its environment then, and would fetch its price list."""
    with pytest.MonkeyPatch.context() as environment, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        environment.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        package = importlib.import_module("litellm")
    package.telemetry = False
    return package


@pytest.fixture(scope="module")
def wrapper() -> Any:
    """LangChain's class. Importing its package warns that it will move."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        module = importlib.import_module("langchain_community.utilities.dalle_image_generator")
    return module.DallEAPIWrapper


@pytest.fixture
def server(site: Site) -> dict[str, str]:
    return {"api_base": f"{site.url}/v1", "api_key": KEY}


@pytest.mark.parametrize("model", ["dall-e-2", "dall-e-3", "gpt-image-1"])
def test_litellm_draws(litellm: ModuleType, server: dict[str, str], model: str) -> None:
    answer = litellm.image_generation(prompt="a cat", model=f"openai/{model}", **server)
    (item,) = answer.data
    data = fetched(item.url) if item.url else item.b64_json
    assert opened(data).size == (1024, 1024)
    if model.startswith("gpt-image"):
        assert answer.usage.input_tokens >= 1
        assert answer.usage.total_tokens > answer.usage.output_tokens > 0


def test_litellm_draws_with_a_doubao_model(litellm: ModuleType, server: dict[str, str]) -> None:
    answer = litellm.image_generation(
        prompt="a cat",
        model="openai/doubao-seedream-3-0-t2i",
        size="512x512",
        extra_body={"seed": 7, "watermark": False},
        **server,
    )
    assert opened(fetched(answer.data[0].url)).size == (512, 512)


def test_litellm_draws_asynchronously(litellm: ModuleType, server: dict[str, str]) -> None:
    async def draw() -> Any:
        return await litellm.aimage_generation(
            prompt="a cat", model="openai/dall-e-2", size="256x256", n=2, **server
        )

    assert len({item.url for item in asyncio.run(draw()).data}) == 2


def test_litellms_exceptions_are_the_right_ones(
    litellm: ModuleType, server: dict[str, str]
) -> None:
    with pytest.raises(litellm.BadRequestError, match="Supported values"):
        litellm.image_generation(prompt="a cat", model="openai/dall-e-2", size="1x1", **server)
    with pytest.raises(litellm.AuthenticationError):
        litellm.image_generation(
            prompt="a cat", model="openai/dall-e-2", **server | {"api_key": "wrong"}
        )


@pytest.mark.parametrize("count", [1, 2])
def test_litellm_edits(litellm: ModuleType, server: dict[str, str], count: int) -> None:
    pictures = [io.BytesIO(png()) for _ in range(count)]
    answer = litellm.image_edit(
        image=pictures, prompt="a cat", model="openai/gpt-image-1", **server
    )
    assert opened(answer.data[0].b64_json).size == (1024, 1024)


@pytest.mark.parametrize("model", ["dall-e-2", "dall-e-3"])
def test_langchain_draws(wrapper: Any, site: Site, model: str) -> None:
    address = wrapper(base_url=f"{site.url}/v1", api_key=KEY, model=model).run("a cat")
    assert opened(fetched(address)).size == (1024, 1024)


def test_langchain_draws_several_of_standard_quality(wrapper: Any, site: Site) -> None:
    tool = wrapper(base_url=f"{site.url}/v1", api_key=KEY, n=2, size="256x256", quality="standard")
    addresses = tool.run("a cat").split(tool.separator)
    assert [opened(fetched(address)).size for address in addresses] == [(256, 256)] * 2
