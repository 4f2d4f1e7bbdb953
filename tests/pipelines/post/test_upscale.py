"""A picture enlarged in tiles is the picture enlarged at once."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from pipelines.nets.rrdbnet import RRDBNet
from pipelines.post.upscale import SMALLEST_TILE_PX, Enlarger, Net
from pipelines.types import Pixels, Size
from tests.pipelines.drawing import difference
from tests.pipelines.networks import small_rrdbnet

CPU = torch.device("cpu")


def picture(width: int, height: int) -> Pixels:
    """Soft colours with noise on them."""
    rows, columns = np.mgrid[:height, :width]
    waves = 128 + 80 * np.sin(rows / 9)[..., None] * np.cos(columns[..., None] / (5, 7, 11))
    noise = np.random.default_rng(1).normal(0, 20, (height, width, 3))
    return (waves + noise).clip(0, 255).astype(np.uint8)


def at_once(function: Callable[[Pixels], Pixels], tile: Pixels) -> Pixels:
    with torch.no_grad():
        return function(tile)


def enlarger(net: Net, tile_px: int) -> Enlarger:
    return Enlarger(net, CPU, torch.float32, tile_px)


def enlarged(net: Net, pixels: Pixels, tile_px: int) -> Pixels:
    return enlarger(net, tile_px).enlarge(pixels, at_once, lambda done: None)


@pytest.mark.parametrize("scale", [2, 4])
def test_seams_of_tiles_cannot_be_seen(scale: int) -> None:
    net, small = small_rrdbnet(scale), picture(200, 152)
    whole = enlarged(net, small, tile_px=512)
    assert whole.shape == (152 * scale, 200 * scale, 3)
    assert whole.std() > 10, "the network must do something that could differ"
    assert difference(enlarged(net, small, tile_px=96), whole) <= 1


def test_tiles_without_what_lies_around_them_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    net, small = small_rrdbnet(4), picture(200, 152)
    whole = enlarged(net, small, tile_px=512)
    monkeypatch.setattr("pipelines.post.upscale._BLIND_PX", 0)
    monkeypatch.setattr("pipelines.post.upscale.OVERLAP_PX", 1)
    assert difference(enlarged(net, small, tile_px=96), whole) > 8


@pytest.mark.parametrize("size", [Size(97, 33), Size(1, 1), Size(64, 300)], ids=str)
@pytest.mark.parametrize("scale", [2, 4])
def test_any_size_is_enlarged_exactly(scale: int, size: Size) -> None:
    large = enlarged(small_rrdbnet(scale), picture(size.width, size.height), tile_px=96)
    assert large.shape == (size.height * scale, size.width * scale, 3)


class Narrow(torch.nn.Module):
    """Runs out of memory on a tile that is wider than it has room for."""

    def __init__(self, net: RRDBNet, most_px: int) -> None:
        super().__init__()
        self.net, self.scale, self.fold, self.most_px = net, net.scale, net.fold, most_px

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        if pictures.shape[3] > self.most_px:
            raise torch.OutOfMemoryError
        result: torch.Tensor = self.net(pictures)
        return result


def test_a_tile_that_does_not_fit_memory_becomes_smaller_for_good() -> None:
    net, small = small_rrdbnet(4), picture(200, 152)
    narrow = enlarger(Narrow(net, most_px=100), tile_px=256)
    in_tiles = narrow.enlarge(small, at_once, lambda done: None)
    assert difference(in_tiles, enlarged(net, small, tile_px=512)) <= 1
    assert narrow.tile_px == SMALLEST_TILE_PX


def test_when_no_tile_fits_memory_it_says_so() -> None:
    hopeless = enlarger(Narrow(small_rrdbnet(4), most_px=8), tile_px=256)
    with pytest.raises(torch.OutOfMemoryError):
        hopeless.enlarge(picture(100, 100), at_once, lambda done: None)


def test_what_is_left_is_known_once_a_tile_was_timed() -> None:
    timed, size, left_s = enlarger(small_rrdbnet(2), tile_px=96), Size(200, 152), list[float]()
    assert timed.left_s(size, done=0) == 0
    timed.enlarge(picture(200, 152), at_once, lambda done: left_s.append(timed.left_s(size, done)))
    assert left_s[1] > left_s[-2] > left_s[-1] == 0
    assert timed.left_s(size, done=0) > 0
