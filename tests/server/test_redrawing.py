"""Whatever was asked for in any dialect is asked for again, to the last word, by its recipe."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.catalog import EMBEDDED, Catalog, always_by, family_of
from pipelines.post.encode import encode
from server.contract.checks import check
from server.contract.named_models import MODELS
from server.dialects.native.body import CUSTOMS, to_draft
from server.draft import Customs, Draft, Reference
from server.generate.again import order_again
from server.generate.events import Order
from server.inputs.fitting import Named, fit
from server.inputs.picture_rule import PictureRule
from server.inputs.pictures import InputPicture, decode
from server.plan import Plan, chosen_size, make_plan

CATALOG = Catalog(always_by(EMBEDDED))
OTHER = Customs(output_format="jpeg")
"""Those of the dialect that was called first; our own draws again."""
FILE = encode(np.random.default_rng(0).integers(0, 256, (90, 140, 3), dtype=np.uint8), "png")
PICTURE = decode(io.BytesIO(FILE), PictureRule(most=1), "image", keep_pixels=10**6)
CALLS: list[dict[str, Any]] = [
    {},
    {"seed": 3, "watermark": True, "negative_prompt": "rain"},
    {"guidance_scale": 3.0, "seed": 3},
    {"quality": "low"},
    {"style": "natural"},
    {"background": "transparent", "output_format": "webp"},
]


def planned(draft: Draft, customs: Customs, picture: InputPicture | None) -> Plan:
    if picture is not None:
        draft = replace(draft, references=(Reference(b""),))
        size = chosen_size(draft, check(draft, customs), picture.size)
        inputs = fit([Named("image", picture)], None, family_of(EMBEDDED), size)
        draft = replace(draft, inputs=inputs)
    return make_plan(
        draft, customs, CATALOG, client="", gpt_image_url=False, random_seed=lambda: 77
    )


def again(plan: Plan, picture: InputPicture | None) -> Plan:
    files = () if picture is None else (FILE,)
    said = Order(None, None, 1, None, None, None, None, plan.finish.format, images=files)
    order = order_again(Path("first"), plan.recipe, said, anyway=False)
    return planned(replace(to_draft(order.body), references=()), CUSTOMS, picture)


def same(one: Plan, other: Plan) -> bool:
    """All that makes pixels: what is drawn, and what becomes of it."""
    first, second = (replace(plan.requests[0], id="") for plan in (one, other))
    return first == second and replace(one.finish, kept=None) == replace(other.finish, kept=None)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_and_size_is_drawn_again(name: str) -> None:
    model, count = MODELS[name], 0
    sizes = (None, *model.sizes.words, *model.sizes.tiers, *map(str, model.sizes.listed))
    for picture in (None, PICTURE):
        number = 0 if picture is None else 1
        if not model.pictures.least <= number <= model.pictures.most:
            continue
        for size in sizes:
            draft = Draft(model=name, prompt="a cat, 16:9", size=size)
            first = planned(draft, OTHER, picture)
            second = again(first, picture)
            assert same(first, second), (size, number)
            assert first.recipe == second.recipe, "so its id and its file are the same, too"
            count += 1
    assert count


@pytest.mark.parametrize("said", CALLS, ids=lambda said: ",".join(said) or "nothing")
@pytest.mark.parametrize("name", ["seedbed", "dall-e-3", "gpt-image-1"])
def test_every_word_of_a_call_is_said_again(name: str, said: dict[str, Any]) -> None:
    if said.get("quality") not in (None, *MODELS[name].qualities):
        said = {"quality": "hd"}
    first = planned(Draft(model=name, prompt="a cat", **said), OTHER, None)
    assert same(first, again(first, None))


def test_a_model_without_sizes_in_numbers_follows_the_picture_again() -> None:
    first = planned(Draft(model="doubao-seededit-3-0-i2i-250628", prompt="a cat"), OTHER, PICTURE)
    assert first.recipe.adaptive
    assert again(first, PICTURE).finish.size == first.finish.size
