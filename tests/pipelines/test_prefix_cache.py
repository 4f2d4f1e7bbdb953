"""KV caches of several requests in one forward."""

import torch
from diffusers.models.transformers.transformer_qwenimage21 import QwenImage21KVCache

from pipelines.prefix_cache import JoinedCache, signature

LAYERS = 2


def filled(value: float, length: int = 3) -> QwenImage21KVCache:
    cache = QwenImage21KVCache(LAYERS)
    for number, layer in enumerate(cache.layer_caches):
        layer.store(
            torch.full((1, length, 2, 4), value + number), torch.full((1, length, 2, 4), -value)
        )
    return cache


def test_rows_are_joined_in_order_and_their_owners_keep_theirs() -> None:
    owners = [filled(1.0), filled(5.0)]
    joined = JoinedCache(owners)
    assert joined.cache.layer_caches[1].k[:, 0, 0, 0].tolist() == [2.0, 6.0]
    assert joined.cache.layer_caches[0].v[:, 0, 0, 0].tolist() == [-1.0, -5.0]
    kept = [owner.layer_caches[0].k for owner in owners]
    joined.hand_back([1, 1])
    assert [owner.layer_caches[0].k for owner in owners] == kept


def test_what_a_forward_stores_goes_to_its_owners() -> None:
    owners = [QwenImage21KVCache(LAYERS), QwenImage21KVCache(LAYERS)]
    joined = JoinedCache(owners)
    for layer in joined.cache.layer_caches:
        rows = torch.arange(3.0)[:, None].expand(3, 4).reshape(3, 4, 1, 1)
        layer.store(rows, rows + 10)
    joined.hand_back([1, 2])
    assert owners[0].layer_caches[1].k[:, 0, 0, 0].tolist() == [0.0]
    assert owners[1].layer_caches[1].k[:, 0, 0, 0].tolist() == [1.0, 2.0]
    assert owners[1].layer_caches[0].v[:, 0, 0, 0].tolist() == [11.0, 12.0]


def test_only_equally_full_caches_have_equal_signatures() -> None:
    empty = QwenImage21KVCache(LAYERS)
    assert signature(filled(1.0)) == signature(filled(2.0))
    assert signature(filled(1.0)) != signature(filled(1.0, length=4))
    assert signature(empty) != signature(filled(1.0))
    assert signature(empty) == signature(QwenImage21KVCache(LAYERS))
    assert signature(empty) != signature(QwenImage21KVCache(LAYERS + 1))
