"""The shipped model in a real worker process: the same bytes as the stock pipeline's."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.catalog import EMBEDDED
from pipelines.fleet import Fleet
from pipelines.memory import Models
from pipelines.messages import News, Preview, WorkerSpec
from pipelines.options import EngineOptions
from pipelines.types import Bitmap
from tests.pipelines.drawing import SIDE, difference, request, stock


@pytest.mark.timeout(300)
def test_a_picture_is_the_stock_pipelines_even_when_its_worker_dies(
    models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = tmp_path / "died"
    monkeypatch.setenv("FAKE_FAULT", f"die@3:{marker}")
    shown = Bitmap.of(np.full((SIDE, SIDE, 3), (200, 40, 40), np.uint8))
    half = Bitmap.of(np.repeat(np.uint8([0, 255]), SIDE // 2)[None].repeat(SIDE, axis=0))
    wanted = [
        request("words", seed=0, steps=4, preview_steps=(1, 2)),
        request("edit", seed=1, steps=5, preview_steps=(4,), references=(shown,)),
        request("within", seed=2, steps=6, references=(shown,), mask=half),
    ]
    heard: list[News] = []
    fleet = Fleet([WorkerSpec((EMBEDDED,), EngineOptions("cpu", threads=1))])
    fleet.start()
    try:
        fleet.wait_ready(200.0)
        futures = [fleet.submit(one, heard.append) for one in wanted]
        drawn = [future.result(200.0) for future in futures]
    finally:
        fleet.close(0.0)

    assert marker.exists(), "the fault must have struck"
    for one, pixels in zip(wanted, drawn, strict=True):
        assert difference(pixels, stock(models, one)) <= 1
    previews = {(p.request_id, p.step) for p in heard if isinstance(p, Preview)}
    assert previews == {("words", 1), ("words", 2), ("edit", 4)}
