"""`seedbed generate --recipe`: the very same picture again, or a word about why not."""

import hashlib
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipelines.catalog import EMBEDDED
from pipelines.post.encode import Format, encode
from pipelines.provenance.metadata import metadata
from pipelines.provenance.recipe import Recipe
from pipelines.provenance.xmp import Statement
from pipelines.types import Size
from server.generate.again import differences, order_again, read_recipe
from server.generate.events import Order
from server.terminal import CommandError
from tests.running import Running, seedbed

pytestmark = pytest.mark.timeout(300)

PROMPT = "a red circle on a blue ground"
RECIPE = Recipe(
    seedbed="0.1.0",
    model="seedbed",
    drawn_by="embedded",
    seed=7,
    size=Size(64, 64),
    native=Size(64, 64),
    steps=3,
    guidance=2.0,
    weights=EMBEDDED.digest,
    prompt=PROMPT,
)
WORDS = Order(None, None, 1, None, None, None, None, "png")
"""Nothing is said beside the recipe."""
PATH = Path("fox.png")


def recipe_file(path: Path, recipe: Recipe, kind: Format = "png") -> Path:
    """A picture that says it was drawn so."""
    statement = Statement("0" * 16, "somebody", "embedded", "seedbed", recipe=recipe)
    path.write_bytes(encode(np.zeros((8, 8, 3), np.uint8), kind, info=metadata(statement).info))
    return path


def pixels(file: bytes) -> bytes:
    with Image.open(io.BytesIO(file)) as picture:
        return picture.convert("RGB").tobytes()


def through(server: Running, *more: str) -> tuple[str, ...]:
    return ("generate", "--server", server.url, "--api-key", server.key, *more)


def drawn(folder: Path, name: str, *arguments: str, **settings: str) -> bytes:
    done = seedbed(folder, *arguments, "-o", name, settings=settings)
    assert done.returncode == 0, done.stderr
    return (folder / name).read_bytes()


def test_a_recipe_draws_the_very_same_picture_here_and_through_a_server(
    running: Running, tmp_path: Path
) -> None:
    """Also what the first call left to the server is the same: it stands in the recipe."""
    order = (PROMPT, "--size", "64x64", "--seed", "7", "--watermark")
    first = drawn(tmp_path, "first.jpg", *through(running, *order))
    same = drawn(tmp_path, "same.jpg", *through(running, "--recipe", "first.jpg"))
    assert same == first
    alone = drawn(tmp_path, "alone.jpg", "generate", "--recipe", "first.jpg", SEEDBED_PORT="1")
    assert pixels(alone) == pixels(first)


def test_a_recipe_of_other_weights_is_refused_by_name_unless_they_may_differ(
    running: Running, tmp_path: Path
) -> None:
    file = recipe_file(tmp_path / "old.png", replace(RECIPE, drawn_by="z-image", weights="ab" * 32))
    refusal = (
        "seedbed is drawn here by embedded (weights "
        f"{EMBEDDED.digest[:12]}), not by z-image (weights abababababab); "
        "--anyway draws with what is there\n"
    )
    done = seedbed(tmp_path, *through(running, "--recipe", str(file)))
    assert done.stderr.endswith(refusal)
    done = seedbed(tmp_path, "generate", "--recipe", str(file), settings={"SEEDBED_PORT": "1"})
    assert done.stderr == f"seedbed: {refusal}", "before the engine is started"
    assert not (tmp_path / "out.png").exists()
    drawn(tmp_path, "new.png", *through(running, "--recipe", str(file), "--anyway"))


def test_an_edit_is_drawn_again_from_the_same_picture_only(
    running: Running, tmp_path: Path
) -> None:
    Image.radial_gradient("L").convert("RGB").resize((64, 64)).save(tmp_path / "in.png")
    edit = ("--image", "in.png")
    order = (PROMPT, "--size", "64x64", "--seed", "7", *edit)
    first = drawn(tmp_path, "first.webp", *through(running, *order))
    again = through(running, "--recipe", "first.webp")
    assert drawn(tmp_path, "again.webp", *again, *edit) == first
    done = seedbed(tmp_path, *again, "-o", "none.webp")
    assert done.returncode == 1
    digest = hashlib.sha256((tmp_path / "in.png").read_bytes()).hexdigest()
    assert f"began from a picture: hand over the same with --image (sha256 {digest[:12]})" in (
        done.stderr
    )


def test_without_a_prompt_and_without_a_recipe_there_is_nothing_to_draw(tmp_path: Path) -> None:
    done = seedbed(tmp_path, "generate")
    assert done.returncode == 1
    assert done.stderr == (
        "seedbed: say what shall be drawn, or --recipe FILE to draw a picture again\n"
    )


def test_everything_that_changes_the_picture_is_said_again() -> None:
    recipe = replace(
        RECIPE,
        guidance_scale=2.5,
        drawn_prompt="a red fox, vivid",
        negative_prompt="grey",
        quality="high",
        label=True,
        transparent=True,
        compression=80,
        fidelity="high",
    )
    order = order_again(PATH, recipe, replace(WORDS, format="webp"), anyway=False)
    said = {name: value for name, value in order.body.items() if value not in (None, [])}
    assert said == {
        "prompt": "a red fox, vivid",
        "model": "seedbed",
        "n": 1,
        "size": "64x64",
        "seed": 7,
        "guidance_scale": 2.5,
        "watermark": True,
        "output_format": "webp",
        "negative_prompt": "grey",
        "quality": "high",
        "steps": 3,
        "background": "transparent",
        "input_fidelity": "high",
        "output_compression": 80,
        "weights": f"embedded@{EMBEDDED.digest}",
    }


@pytest.mark.parametrize(
    ("said", "member", "value"),
    [
        ({"seed": 0}, "seed", 0),
        ({"size": "32x32"}, "size", "32x32"),
        ({"guidance": 1.0}, "guidance_scale", 1.0),
        ({"watermark": True}, "watermark", True),
        ({"prompt": "a cat"}, "prompt", "a cat"),
        ({"model": "dall-e-2"}, "model", "dall-e-2"),
        ({"model": "dall-e-2"}, "weights", None),
    ],
)
def test_what_is_said_goes_before_the_recipe(
    said: dict[str, Any], member: str, value: object
) -> None:
    order = order_again(PATH, RECIPE, replace(WORDS, **said), anyway=False)
    assert order.body[member] == value


def test_weights_without_a_digest_are_asked_for_by_their_name() -> None:
    order = order_again(PATH, replace(RECIPE, weights=""), WORDS, anyway=False)
    assert order.weights == "embedded"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("recipe", "said", "fault"),
    [
        (RECIPE.without_prompt(), {}, "the recipe of fox.png has no prompt"),
        (replace(RECIPE, prompt=""), {}, "without a word, as a variation"),
        (
            replace(RECIPE, inputs=("a" * 64, "b" * 64)),
            {"images": (b"one",)},
            r"began from 2 pictures.*aaaaaaaaaaaa, bbbbbbbbbbbb",
        ),
        (
            replace(RECIPE, inputs=("a" * 64,)),
            {"images": (b"one",)},
            f"--image number 1 is another file .* {sha256(b'one')[:12]}, not aaaaaaaaaaaa",
        ),
        (
            replace(RECIPE, inputs=(sha256(b"one"),), mask="c" * 64),
            {"images": (b"one",)},
            "hand over the same with --mask .sha256 cccccccccccc",
        ),
        (
            replace(RECIPE, inputs=(sha256(b"one"),), mask="c" * 64),
            {"images": (b"one",), "mask": b"two"},
            "--mask is another file",
        ),
    ],
)
def test_what_would_be_another_picture_is_refused(
    recipe: Recipe, said: dict[str, Any], fault: str
) -> None:
    with pytest.raises(CommandError, match=fault):
        order_again(PATH, recipe, replace(WORDS, **said), anyway=False)


def test_with_anyway_other_pictures_and_weights_do() -> None:
    recipe = replace(RECIPE, inputs=("a" * 64,), mask="c" * 64)
    order = order_again(PATH, recipe, replace(WORDS, images=(b"one",)), anyway=True)
    assert order.images == (b"one",)
    assert order.weights is None


def test_a_mask_whose_light_parts_were_drawn_becomes_one_that_is_transparent_there() -> None:
    light = np.zeros((4, 6, 3), np.uint8)
    light[:2] = (200, 255, 10)
    light[2, :, 1] = 100
    mask = encode(light, "png")
    recipe = replace(RECIPE, inputs=(sha256(b"one"),), mask=sha256(mask), mask_light=True)
    said = replace(WORDS, images=(b"one",), mask=mask)
    again = order_again(PATH, recipe, said, anyway=False).mask
    assert again is not None
    alpha = np.asarray(Image.open(io.BytesIO(again)))[..., 3]
    assert [set(row.tolist()) for row in alpha] == [{0}, {0}, {155}, {255}]
    with pytest.raises(CommandError, match="the mask cannot be read"):
        order_again(PATH, recipe, replace(said, mask=b"words"), anyway=True)


def test_a_file_without_a_recipe_says_why(tmp_path: Path) -> None:
    plain = encode(np.zeros((4, 4, 3), np.uint8), "png")
    with pytest.raises(CommandError, match=r"^fox.png has no recipe: it was drawn with metadata"):
        read_recipe(PATH, plain)
    with pytest.raises(CommandError, match=r"has no recipe .it is no PNG, JPEG or WebP."):
        read_recipe(PATH, b"words")
    file = recipe_file(tmp_path / "cut.png", RECIPE).read_bytes()
    with pytest.raises(CommandError, match="longer than the file"):
        read_recipe(PATH, file[:300])


def test_what_a_server_did_otherwise_is_told(tmp_path: Path) -> None:
    new = replace(RECIPE, seed=9, steps=4, resample="lanczos")
    data = recipe_file(tmp_path / "new.png", new).read_bytes()
    assert list(differences(RECIPE, data)) == ["steps 4, not 3", "resample lanczos, not none"]
    assert list(differences(new, data)) == []
    assert list(differences(RECIPE, b"")) == []
