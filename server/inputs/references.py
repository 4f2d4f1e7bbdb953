"""Sees to the pictures of a call: gets their bytes, decodes them, fits them to what draws.

Bounded in how many pictures are in memory at once. Everything that takes a while happens in its own
threads, never on the event loop. Knows no dialect.
"""

import asyncio
import io
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import BinaryIO, TypeVar

from pipelines.catalog import Catalog, family_of
from pipelines.errors import InvalidImage, UnsupportedValue
from pipelines.types import Bitmap
from server.contract.checks import check
from server.contract.named_models import known_models
from server.draft import Customs, Draft, Reference
from server.errors import BadLink, NoImageAddress, NoSuchPicture
from server.inputs.data_url import is_data_url, read_data_url
from server.inputs.fetching import Fetcher
from server.inputs.fitting import Named, fit
from server.inputs.picture_rule import MASKS, PictureRule
from server.inputs.pictures import InputPicture, decode
from server.plan import chosen_size
from server.store.files import FileStore

_FETCHED_AT_ONCE = 16
"""Pictures whose bytes have been fetched or are on their way, over all calls."""
_DECODERS = 2
"""Pictures that are being decoded: up to 36 million pixels each."""
_BASE_PIXELS = 8_388_608
"""What is kept of the picture that is edited: around a mask it is part of the answer."""
_REFERENCE_PIXELS = 2_097_152
"""What is kept of the others: more than any model looks at."""
_OWN_ADDRESS = re.compile(r"https?://[^/?#]+/files/([^/?#]+)/([^/?#]+)", re.IGNORECASE)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One picture of a call, and what it must be like."""

    reference: Reference
    rule: PictureRule
    keep_pixels: int
    keep_file: bool = False


class References:
    """Turns what callers point at into what models draw from. `close` ends its threads."""

    def __init__(self, fetcher: Fetcher, files: FileStore, *, keep_files: bool = False) -> None:
        """`keep_files` keeps the bytes too, for what is said of where a picture comes from."""
        self._fetcher = fetcher
        self._files = files
        self._keep_files = keep_files
        self._threads = ThreadPoolExecutor(_DECODERS, thread_name_prefix="decoding")
        self._turns = asyncio.Semaphore(_FETCHED_AT_ONCE)

    def close(self) -> None:
        """Wait for what is being decoded, then end the threads."""
        self._threads.shutdown()

    async def resolve(self, draft: Draft, customs: Customs, catalog: Catalog) -> Draft:
        """Return the draft with its inputs; without pictures, or with its inputs, the draft itself.

        What can be checked without the pictures is checked before the first is fetched.

        Raises: RequestError.
        """
        if not draft.references or draft.inputs is not None:
            return draft
        checked = check(draft, customs, known_models(catalog.contracts))
        count = len(draft.references)
        drawer = family_of(catalog.stand_in(checked.model.id, checked.quality, count))
        if not drawer.abilities.references:
            raise UnsupportedValue(
                "The model that draws here cannot begin from a picture: leave it out.",
                draft.references[0].param,
            )
        rule = checked.model.pictures
        wanted = [
            _Wanted(reference, rule, _REFERENCE_PIXELS if index else _BASE_PIXELS, self._keep_files)
            for index, reference in enumerate(draft.references)
        ]
        masks = [] if draft.mask is None else [_Wanted(draft.mask, MASKS, _BASE_PIXELS)]
        pictures = await self._decoded([*wanted, *masks])
        base = pictures[0]
        mask = pictures.pop() if masks else None
        light = draft.mask is not None and draft.mask.light_is_drawn
        area = _drawn_anew(base, mask, rule, light)
        named = [
            Named(one.reference.param, picture)
            for one, picture in zip(wanted, pictures, strict=True)
        ]
        size = chosen_size(draft, checked, base.size)
        inputs = await self._in_thread(partial(fit, named, area, drawer, size))
        if mask is not None:
            inputs = replace(inputs, mask_file=mask.sha256, mask_light=light)
        spent = tuple(replace(reference, source=b"") for reference in draft.references)
        return replace(draft, references=spent, mask=None, inputs=inputs)

    async def _decoded(self, wanted: Sequence[_Wanted]) -> list[InputPicture]:
        """Of several faults the one of the first picture is told."""
        tasks = [asyncio.create_task(self._one(one)) for one in wanted]
        try:
            return [await task for task in tasks]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(self, wanted: _Wanted) -> InputPicture:
        source, param = wanted.reference.source, wanted.reference.param
        if isinstance(source, str) and not source.strip():
            raise NoImageAddress("The address is empty.", param)
        if not isinstance(source, str) or is_data_url(source):
            return await self._in_thread(partial(_decode, wanted, source))
        async with self._turns:
            data = await self._in_thread(partial(self._own_picture, source))
            if data is None:
                data = await self._fetcher.fetch(source, param, wanted.rule.max_bytes)
            return await self._in_thread(partial(_decode, wanted, data))

    def _own_picture(self, address: str) -> bytes | None:
        """The bytes of a picture of ours, which need no network: the signature proves it."""
        match = _OWN_ADDRESS.fullmatch(address)
        if match is None:
            return None
        try:
            return self._files.find(match[1], match[2]).read_bytes()
        except (BadLink, NoSuchPicture, OSError):
            return None

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _decode(wanted: _Wanted, source: str | bytes | BinaryIO) -> InputPicture:
    param = wanted.reference.param
    if isinstance(source, str):
        source = read_data_url(source, param, wanted.rule.max_bytes)
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    return decode(
        file, wanted.rule, param, keep_pixels=wanted.keep_pixels, keep_file=wanted.keep_file
    )


def _drawn_anew(
    base: InputPicture, mask: InputPicture | None, rule: PictureRule, light: bool
) -> Bitmap | None:
    """Where the first picture is drawn anew: 255 where the mask, or its own alpha, is 0.

    `light` says that it is where the mask is light.

    Raises: InvalidImage: naming the mask.
    """
    if mask is None:
        return _inverted(base.alpha) if rule.alpha_is_mask and base.alpha is not None else None
    if mask.size != base.size:
        raise InvalidImage(f"It is {mask.size}, but the picture is {base.size}.", "mask")
    if light:
        return Bitmap.of(mask.rgb.pixels.max(axis=2, keepdims=True))
    if mask.alpha is None:
        raise InvalidImage("No part of it is transparent, so there is nothing to draw.", "mask")
    return _inverted(mask.alpha)


def _inverted(alpha: Bitmap) -> Bitmap:
    return Bitmap.of(255 - alpha.pixels)
