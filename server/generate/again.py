"""Draws a picture again: reads its recipe out of the file and makes an order of it.

What is said on the command line goes before the recipe. What would give another picture without
anybody having said so is refused: other weights, another picture to begin from, a missing prompt.
"""

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
from PIL import Image

from pipelines.provenance.claims import read_claims
from pipelines.provenance.recipe import Recipe
from server.generate.events import Order
from server.terminal import CommandError

_SHOWN_DIGITS = 12
_MADE_THE_PICTURE = ("seedbed", "native", "steps", "guidance", "sampler", "resample", "matte")
"""What may differ between two servers though the same was asked of both."""


def read_recipe(path: Path, data: bytes) -> Recipe:
    """The recipe of a picture.

    Raises: CommandError: it has none, or none that can be read.
    """
    claims = read_claims(data)
    if claims.recipe is None:
        why = f" ({'; '.join(claims.faults)})" if claims.faults else ""
        raise CommandError(
            f"{path} has no recipe{why}: it was drawn with metadata=none or elsewhere, or saved "
            "anew by a program that does not keep it"
        )
    return claims.recipe


def order_again(path: Path, recipe: Recipe, said: Order, anyway: bool) -> Order:
    """The order that draws it again, but for what `said` says.

    `anyway` lets other weights and other pictures do.

    Raises: CommandError: the same picture cannot be drawn.
    """
    if not anyway:
        _check_pictures(path, recipe, said)
    return replace(
        said,
        prompt=said.prompt or _prompt(path, recipe),
        model=said.model or recipe.model,
        size=said.size or (None if recipe.adaptive else str(recipe.size)),
        seed=recipe.seed if said.seed is None else said.seed,
        guidance=recipe.guidance_scale if said.guidance is None else said.guidance,
        watermark=recipe.label if said.watermark is None else said.watermark,
        mask=_mask(recipe, said.mask),
        negative_prompt=recipe.negative_prompt,
        quality=recipe.quality,
        steps=recipe.steps,
        transparent=recipe.transparent,
        fidelity=recipe.fidelity,
        compression=None if said.format == "png" else recipe.compression,
        weights=None if anyway or said.model else _weights(recipe),
    )


def differences(recipe: Recipe, drawn: bytes) -> Iterator[str]:
    """In what a new picture was made otherwise, where its file says so: `steps 20, not 16`."""
    again = read_claims(drawn).recipe
    for field in fields(Recipe):
        if again is not None and field.name in _MADE_THE_PICTURE:
            before, now = getattr(recipe, field.name), getattr(again, field.name)
            if before != now:
                yield f"{field.name} {now or 'none'}, not {before or 'none'}"


def _prompt(path: Path, recipe: Recipe) -> str:
    words = recipe.drawn_prompt or recipe.prompt
    if words:
        return words
    if recipe.prompt is None:
        raise CommandError(
            f"the recipe of {path} has no prompt: it was left out by the setting metadata, or was "
            "too long for a file. Say the prompt to draw it again"
        )
    raise CommandError(f"{path} was drawn without a word, as a variation: say a prompt")


def _weights(recipe: Recipe) -> str:
    return f"{recipe.drawn_by}@{recipe.weights}" if recipe.weights else recipe.drawn_by


def _check_pictures(path: Path, recipe: Recipe, said: Order) -> None:
    lacking = len(recipe.inputs) - len(said.images)
    if lacking > 0:
        raise CommandError(
            f"{path} began from {_counted(len(recipe.inputs))}: hand over the same with --image "
            f"(sha256 {', '.join(_short(digest) for digest in recipe.inputs)})"
        )
    for number, (digest, image) in enumerate(zip(recipe.inputs, said.images, strict=False), 1):
        _check_file(f"--image number {number}", digest, image)
    if recipe.mask is not None:
        if said.mask is None:
            raise CommandError(
                f"{path} was drawn within a mask: hand over the same with --mask "
                f"(sha256 {_short(recipe.mask)})"
            )
        _check_file("--mask", recipe.mask, said.mask)


def _check_file(name: str, digest: str, file: bytes) -> None:
    found = hashlib.sha256(file).hexdigest()
    if found != digest:
        raise CommandError(
            f"{name} is another file than the one of the recipe: its sha256 is {_short(found)}, "
            f"not {_short(digest)}; --anyway takes it all the same"
        )


def _counted(count: int) -> str:
    return "a picture" if count == 1 else f"{count} pictures"


def _short(digest: str) -> str:
    return digest[:_SHOWN_DIGITS]


def _mask(recipe: Recipe, mask: bytes | None) -> bytes | None:
    """The mask as our own path takes it: transparent where the recipe's is light.

    Raises: CommandError: it cannot be read.
    """
    if mask is None or not recipe.mask_light:
        return mask
    try:
        with Image.open(io.BytesIO(mask)) as image:
            light = np.asarray(image.convert("RGB")).max(axis=2)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise CommandError(f"the mask cannot be read: {error}") from error
    shape = np.zeros((*light.shape, 4), np.uint8)
    shape[..., 3] = 255 - light
    file = io.BytesIO()
    Image.fromarray(shape).save(file, "PNG")
    return file.getvalue()


def read_files(paths: Sequence[Path]) -> tuple[bytes, ...]:
    """Raises: CommandError: naming the one that cannot be read."""
    return tuple(read_file(path) for path in paths)


def read_file(path: Path) -> bytes:
    """Raises: CommandError: it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from error
