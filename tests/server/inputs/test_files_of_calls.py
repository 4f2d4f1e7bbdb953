"""Of the files that came in it is known which they were; where that is wanted, they are kept."""

import asyncio
import hashlib
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipelines.catalog import embedded_catalog
from server.draft import Customs, Draft, Reference
from server.inputs.fetching import Fetcher
from server.inputs.fitting import Inputs
from server.inputs.network_guard import NetworkGuard
from server.inputs.references import References
from server.store.files import FileStore
from tests.server.conformance.calls import data_url, encoded, png

ONE, OTHER = png(), png(32, 32)
MASK = encoded(Image.fromarray(np.zeros((64, 64, 4), np.uint8)), "PNG")


def inputs(folder: Path, *sources: Any, keep_files: bool = False, **said: Any) -> Inputs:
    pictures = tuple(Reference(source, f"image[{index}]") for index, source in enumerate(sources))
    draft = Draft(model="seedbed", prompt="a cat", references=pictures, **said)
    references = References(Fetcher(NetworkGuard()), FileStore(folder), keep_files=keep_files)
    try:
        seen = asyncio.run(references.resolve(draft, Customs("png"), embedded_catalog()))
    finally:
        references.close()
    assert seen.inputs is not None
    return seen.inputs


@pytest.mark.parametrize("source", [ONE, io.BytesIO(ONE), data_url(ONE)])
def test_the_bytes_of_what_came_are_kept_only_where_they_are_wanted(
    source: Any, tmp_path: Path
) -> None:
    kept = inputs(tmp_path, source, keep_files=True)
    assert [(one.data, one.media_type, one.title) for one in kept.sources] == [
        (ONE, "image/png", "image[0]")
    ]
    assert inputs(tmp_path, ONE).sources == ()


@pytest.mark.parametrize("light", [False, True])
def test_all_files_are_known_by_their_digests(light: bool, tmp_path: Path) -> None:
    mask = replace(Reference(MASK, "mask"), light_is_drawn=light)
    known = inputs(tmp_path, ONE, data_url(OTHER), mask=mask, size="256x256")
    assert known.files == tuple(hashlib.sha256(file).hexdigest() for file in (ONE, OTHER))
    assert known.mask_file == hashlib.sha256(MASK).hexdigest()
    assert known.mask_light == light
    assert inputs(tmp_path, ONE).mask_file is None
