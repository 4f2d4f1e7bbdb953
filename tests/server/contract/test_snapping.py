"""Sizes that a model has not become the nearest it has, where the operator wants that."""

from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.contract.named_models import MODELS, NamedModel
from server.contract.snapping import snap
from tests.server.conftest import KEY, serving
from tests.server.drawer import Drawer
from tests.server.pictures import opened

PROMPT = "a cat"


@pytest.mark.parametrize(
    ("model", "said", "becomes"),
    [
        ("dall-e-2", "512x512", "512x512"),
        ("dall-e-2", "600x600", "512x512"),
        ("dall-e-2", "1920x1080", "1024x1024"),
        ("dall-e-2", "auto", "1024x1024"),
        ("dall-e-2", "2K", "1024x1024"),
        ("dall-e-3", "512x512", "1024x1024"),
        ("dall-e-3", "1280x720", "1792x1024"),
        ("gpt-image-1", "512*512", "1024x1024"),
        ("gpt-image-1", "600x900", "1024x1536"),
        ("gpt-image-1", "adaptive", "auto"),
        ("gpt-image-2", "1000x1000", "992x992"),
        ("gpt-image-2", "10x10", "816x816"),
        ("doubao-seedream-4-5-251128", "1024x1024", "1920x1920"),
        ("doubao-seedream-4-5-251128", "1K", "2K"),
        ("doubao-seedream-4-5-251128", "8k", "4K"),
        ("doubao-seedream-4-0-250828", "800x800", "960x960"),
        ("doubao-seedream-3-0-t2i", "4K", "2048x2048"),
        ("doubao-seedream-3-0-t2i", "4096 x 2048", "2048x1024"),
        ("seedbed", "100000x100000", "4096x4096"),
        ("doubao-seedream-5-0-pro-260628", "350x13200", "537x8592"),
        ("doubao-seedream-5-0-pro-260628", "13200x350", "8592x537"),
    ],
)
def test_the_nearest_size_is_taken(model: str, said: str, becomes: str) -> None:
    assert snap(MODELS[model].sizes, said, PROMPT) == becomes


def test_a_model_that_chooses_for_itself_is_let_to() -> None:
    assert snap(MODELS["doubao-seededit-3-0-i2i-250628"].sizes, "1024x1024", PROMPT) == "adaptive"


@pytest.mark.parametrize("said", ["", "abc", "0x0", "0x512", "x", "-1x5", "1x1x1", "1e9x1"])
def test_what_is_no_size_stays_wrong(said: str) -> None:
    assert snap(MODELS["dall-e-2"].sizes, said, PROMPT) == said


@given(
    st.sampled_from(sorted(MODELS.values(), key=lambda model: model.id)),
    st.integers(1, 20_000),
    st.integers(1, 20_000),
)
def test_whatever_comes_out_is_a_size_of_the_model(
    model: NamedModel, width: int, height: int
) -> None:
    rule = model.sizes
    chosen = rule.choose(snap(rule, f"{width}x{height}", PROMPT), PROMPT)
    if rule.free is not None:
        wanted = min(max(width / height, 1 / rule.free.max_aspect), rule.free.max_aspect)
        assert chosen.width / chosen.height == pytest.approx(wanted, rel=0.1)


def test_a_snapping_server_draws_and_says_so(drawer: Drawer, tmp_path: Path) -> None:
    body = {"model": "dall-e-2", "prompt": PROMPT, "response_format": "b64_json"}
    headers = {"authorization": f"Bearer {KEY}"}
    with (
        serving(drawer, tmp_path, snap_sizes=True) as site,
        httpx2.Client(base_url=site.url, headers=headers, timeout=30) as client,
    ):
        snapped = client.post("/v1/images/generations", json={**body, "size": "300x300"})
        exact = client.post("/v1/images/generations", json={**body, "size": "256x256"})
        wrong = client.post("/v1/images/generations", json={**body, "size": "small"})
    data = snapped.json()["data"][0]
    assert data["size"] == "256x256"
    assert opened(data["b64_json"]).size == (256, 256)
    assert snapped.headers["x-seedbed-size"] == "requested=300x300; applied=256x256"
    assert "x-seedbed-size" not in exact.headers
    assert wrong.status_code == 400
    assert wrong.json()["error"]["param"] == "size"
