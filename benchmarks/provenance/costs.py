"""What each layer of one picture costs on one core, alone and as the chain a server runs."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from benchmarks.provenance.survival import KEY
from pipelines.label.label import Label, draw_label
from pipelines.post.encode import FileInfo, Format, encode
from pipelines.provenance.credentials import Claim, Signer
from pipelines.provenance.metadata import metadata
from pipelines.provenance.recipe import Recipe
from pipelines.provenance.xmp import Statement
from pipelines.tilemark.mark import TileMark
from pipelines.types import Pixels, Size

FORMATS: tuple[Format, ...] = ("png", "jpeg", "webp")
_ID = 0x192AF6E44A817C0E
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds, the median over pictures."""

    layer: str
    ms: float


def costs(pictures: Sequence[Pixels], signer: Signer) -> Iterator[Cost]:
    """Time every layer on every picture."""
    mark, label = TileMark(KEY), Label()
    info = metadata(_statement(pictures[0])).info
    draw_label(pictures[0], label)
    yield Cost("label", _median(partial(draw_label, label=label), pictures))
    yield Cost("invisible mark", _median(lambda pixels: mark.embed(pixels, _ID), pictures))
    for form in FORMATS:
        plain = partial(encode, format=form, info=info)
        yield Cost(f"encode {form} with XMP", _median(plain, pictures))
        files = [encode(pixels, form, info=info) for pixels in pictures]
        sign = partial(signer.sign, format=form, claim=_claim())
        yield Cost(f"sign {form}", _median(sign, files))
    yield Cost("label + XMP + PNG", _median(partial(_light, label=label, info=info), pictures))
    chain = partial(_whole, label=label, info=info, mark=mark, signer=signer)
    for form in FORMATS:
        yield Cost(f"all layers, {form}", _median(partial(chain, form=form), pictures))


def _light(pixels: Pixels, label: Label, info: FileInfo) -> bytes:
    return encode(draw_label(pixels, label), "png", info=info)


def _whole(
    pixels: Pixels, form: Format, label: Label, info: FileInfo, mark: TileMark, signer: Signer
) -> bytes:
    marked = mark.embed(draw_label(pixels, label), _ID).pixels
    return signer.sign(encode(marked, form, info=info), form, _claim()).data


def _median(work: Callable[[_T], object], subjects: Sequence[_T]) -> float:
    spent_s = []
    for subject in subjects:
        began_s = time.process_time()
        work(subject)
        spent_s.append(time.process_time() - began_s)
    return statistics.median(spent_s) * 1000


def _claim() -> Claim:
    return Claim(f"{_ID:016x}", "embedded", "0", marked=True)


def _statement(pixels: Pixels) -> Statement:
    height, width, _ = pixels.shape
    recipe = Recipe(
        seedbed="0",
        model="seedream",
        drawn_by="embedded",
        seed=7,
        size=Size(width, height),
        native=Size(256, 256),
        steps=16,
        guidance=2.5,
        prompt="A cute orange cat sitting in sunlight",
    )
    return Statement(f"{_ID:016x}", "self-hosted", "embedded", "seedbed", recipe=recipe)
