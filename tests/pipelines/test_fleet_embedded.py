"""The shipped model in a real worker process: the same bytes as the stock pipeline's."""

from pathlib import Path

import pytest

from pipelines.catalog import EMBEDDED
from pipelines.fleet import Fleet
from pipelines.memory import Models
from pipelines.messages import WorkerSpec
from pipelines.options import EngineOptions
from tests.pipelines.drawing import difference, request, stock


@pytest.mark.timeout(300)
def test_a_picture_is_the_stock_pipelines_even_when_its_worker_dies(
    models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = tmp_path / "died"
    monkeypatch.setenv("FAKE_FAULT", f"die@3:{marker}")
    wanted = [request(f"r{n}", seed=n, steps=4 + n) for n in range(3)]
    fleet = Fleet([WorkerSpec((EMBEDDED,), EngineOptions("cpu", threads=1))])
    fleet.start()
    try:
        fleet.wait_ready(200.0)
        futures = [fleet.submit(one) for one in wanted]
        drawn = [future.result(200.0) for future in futures]
    finally:
        fleet.close(0.0)

    assert marker.exists(), "the fault must have struck"
    for one, pixels in zip(wanted, drawn, strict=True):
        assert difference(pixels, stock(models, one)) <= 1
