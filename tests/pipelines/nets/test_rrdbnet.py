"""Real-ESRGAN's network has the published weights' names and shapes."""

import json

import pytest
import torch

from pipelines.errors import ModelBroken
from pipelines.nets.rrdbnet import RRDBNet, read_rrdbnet
from tests.pipelines.networks import small_rrdbnet


def test_its_file_would_be_as_large_as_the_published_one_to_the_byte() -> None:
    with torch.device("meta"):
        weights = RRDBNet(scale=4).state_dict()
    head: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for key in sorted(weights):
        shape, size = list(weights[key].shape), 4 * weights[key].numel()
        head[key] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    length = len(json.dumps(head, separators=(",", ":")))
    assert 8 + length + -length % 8 + end == 66_857_868


@pytest.mark.parametrize("prefix", ["", "params.", "params_ema."])
@pytest.mark.parametrize("scale", [2, 4])
def test_its_shape_is_read_off_its_weights(scale: int, prefix: str) -> None:
    net = small_rrdbnet(scale)
    weights = {prefix + key: value for key, value in net.state_dict().items()}
    picture = torch.rand(1, 3, 8, 12)
    with torch.no_grad():
        large = read_rrdbnet(weights, "small")(picture)
        assert large.shape == (1, 3, 8 * scale, 12 * scale)
        assert torch.equal(large, net(picture))


def test_weights_of_another_network_are_refused_by_name() -> None:
    weights = small_rrdbnet(4).state_dict()
    weights["conv_first.weight"] = torch.zeros(8, 4, 3, 3)
    with pytest.raises(ModelBroken, match="mine is not of a Real-ESRGAN network"):
        read_rrdbnet(weights, "mine")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("body.0.rdb1.conv1.weight", torch.zeros(())),
        ("body.99999999.rdb1.conv1.weight", torch.zeros(1)),
        ("body.one.weight", torch.zeros(1)),
        ("conv_first.weight", torch.zeros(8)),
    ],
)
def test_weights_of_an_odd_shape_are_refused_at_once(key: str, value: torch.Tensor) -> None:
    weights = small_rrdbnet(4).state_dict() | {key: value}
    with pytest.raises(ModelBroken, match="mine is not of a Real-ESRGAN network"):
        read_rrdbnet(weights, "mine")
