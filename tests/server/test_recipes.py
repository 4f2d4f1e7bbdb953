"""What a plan chose stands in its recipe, and weights that were asked for draw or nobody does."""

import hashlib
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.catalog import EMBEDDED, Catalog, always_by
from pipelines.companions import Companions, Upscaler
from pipelines.errors import UnsupportedValue
from pipelines.post.encode import encode
from pipelines.provenance.recipe import Recipe
from pipelines.types import Bitmap, Size
from server.draft import Customs, Draft, Reference
from server.inputs.fitting import Inputs
from server.inputs.picture_rule import PictureRule
from server.inputs.pictures import decode
from server.plan import Plan, make_plan
from server.recipes import version
from server.sizing import SizePolicy

CUSTOMS = Customs(output_format="png")
BASE = Bitmap.of(np.zeros((256, 256, 3), np.uint8))


def plan(catalog: Catalog | None = None, sizes: SizePolicy | None = None, **said: Any) -> Plan:
    return make_plan(
        Draft(**({"model": "seedbed", "prompt": "a cat", "seed": 5, "size": "256x256"} | said)),
        CUSTOMS,
        catalog or Catalog(always_by(EMBEDDED)),
        client="tester",
        gpt_image_url=False,
        random_seed=lambda: 77,
        sizes=sizes,
    )


def test_a_plain_call_is_written_down_whole() -> None:
    one = plan(n=3)
    request = one.requests[0]
    assert one.recipe == Recipe(
        seedbed=version(),
        model="seedbed",
        drawn_by="embedded",
        seed=5,
        size=Size(256, 256),
        native=request.size,
        steps=request.steps,
        guidance=request.guidance,
        weights=EMBEDDED.digest,
        sampler="DPMSolverMultistepScheduler",
        prompt="a cat",
    )
    assert [one.recipe_of(index).seed for index in range(3)] == [5, 6, 7]
    assert not one.recipe.edited


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"prompt": "a dog"}, {"prompt": "a dog"}),
        ({"seed": None}, {"seed": 77}),
        ({"steps": 3}, {"steps": 3}),
        ({"guidance_scale": 2.5}, {"guidance_scale": 2.5}),
        ({"negative_prompt": "rain"}, {"negative_prompt": "rain"}),
        ({"quality": "high"}, {"quality": "high"}),
        ({"watermark": True}, {"label": True}),
        ({"output_format": "webp", "output_compression": 40}, {"compression": 40}),
        ({"output_compression": 40}, {"compression": 100}),
        ({"size": "64x64"}, {"size": Size(64, 64), "resample": "area"}),
        ({"model": "dall-e-2", "size": "512x512"}, {"model": "dall-e-2", "resample": "lanczos"}),
        (
            {"model": "dall-e-3", "size": "1024x1024", "style": "vivid"},
            {"style": "vivid", "prompt": "a cat"},
        ),
        (
            {"background": "transparent"},
            {
                "transparent": True,
                "drawn_prompt": "a cat on a white background",
                "matte": "plain-background",
            },
        ),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else "",
)
def test_every_word_that_changes_a_picture_is_in_its_recipe(
    said: dict[str, Any], expected: dict[str, Any]
) -> None:
    recipe = plan(**said).recipe
    assert {name: getattr(recipe, name) for name in expected} == expected
    assert Recipe.from_json(recipe.to_json()) == recipe


@pytest.mark.parametrize(
    ("family", "said"),
    [
        ("embedded", {"style": "vivid"}),
        ("embedded", {"model": "dall-e-2", "size": "256x256", "fidelity": "high"}),
        ("embedded", {"output_compression": 30}),
        ("z_image_turbo", {"guidance_scale": 3.0}),
        ("z_image_turbo", {"negative_prompt": "rain"}),
    ],
)
def test_what_has_no_effect_is_in_no_recipe(family: str, said: dict[str, Any]) -> None:
    catalog = Catalog(always_by(replace(EMBEDDED, family=family)))
    idle = [name for name in said if name not in ("model", "size")]
    spoken = plan(catalog, **said)
    assert idle == spoken.facts["ignored"].replace("input_fidelity", "fidelity").split(", ")
    beside = {name: value for name, value in said.items() if name not in idle}
    assert spoken.recipe == plan(catalog, **beside).recipe


def test_words_of_a_style_are_in_the_prompt_that_was_drawn() -> None:
    recipe = plan(model="dall-e-3", size="1024x1024", style="vivid").recipe
    assert recipe.drawn_prompt is not None
    assert recipe.drawn_prompt.startswith("a cat, vivid")


def test_the_network_that_enlarges_is_named() -> None:
    networks = Companions(upscalers=(Upscaler("realesrgan-x4plus", Path("x4"), 4),))
    recipe = plan(size="1024x1024", sizes=SizePolicy("allow", networks)).recipe
    assert recipe.resample == "realesrgan-x4plus"


def test_an_edit_names_the_files_that_it_began_from() -> None:
    inputs = Inputs(
        (Size(256, 256),),
        (BASE,),
        mask=Bitmap.of(np.zeros((256, 256), np.uint8)),
        files=("a" * 64,),
        mask_file="b" * 64,
        mask_light=True,
    )
    recipe = plan(references=(Reference(b""),), inputs=inputs, fidelity="high").recipe
    assert (recipe.inputs, recipe.mask, recipe.mask_light) == (("a" * 64,), "b" * 64, True)
    assert recipe.fidelity == "high"
    assert recipe.edited


def test_a_file_that_came_in_is_known_by_the_digest_of_all_its_bytes() -> None:
    data = encode(np.zeros((32, 32, 3), np.uint8), "png") + b"more"
    picture = decode(io.BytesIO(data), PictureRule(most=1), "image", keep_pixels=10**6)
    assert picture.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    "said", ["embedded", f"embedded@{EMBEDDED.digest}", f"another-name@{EMBEDDED.digest}"]
)
def test_the_weights_that_were_asked_for_draw(said: str) -> None:
    assert plan(weights=said).requests[0].model == "embedded"


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("z-image", r"seedbed is drawn here by embedded .weights [0-9a-f]{12}., not by z-image\."),
        (f"embedded@{'0' * 64}", r"not by embedded \(weights 000000000000\)\."),
        ("", "not by "),
    ],
)
def test_other_weights_than_those_that_were_asked_for_do_not_draw(said: str, fault: str) -> None:
    with pytest.raises(UnsupportedValue, match=fault) as error:
        plan(weights=said)
    assert error.value.param == "weights"


def test_weights_that_nobody_hashed_are_known_by_their_name_only() -> None:
    own = replace(EMBEDDED, name="my-own", digest="")
    catalog = Catalog(always_by(own))
    assert plan(catalog, weights="my-own").recipe.weights == ""
    with pytest.raises(UnsupportedValue, match=r"drawn here by my-own, not by embedded"):
        plan(catalog, weights=f"embedded@{EMBEDDED.digest}")
