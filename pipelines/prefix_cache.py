"""Joins KV caches of several requests for one forward, and hands each its own rows back.

For caches with `layer_caches` whose layers hold `k` and `v` and take them by `store`: those of
pipelines that encode text and reference pictures once, in the first step, and reuse them.
"""

from collections.abc import Hashable, Sequence
from typing import Any

import torch


def signature(cache: Any) -> Hashable:
    """What must be equal for two caches to be joined: how full they are."""
    keys = cache.layer_caches[0].k
    filled = None if keys is None else (keys.dtype, keys.shape[1:])
    return type(cache), len(cache.layer_caches), filled


class JoinedCache:
    """One cache with the rows of several."""

    def __init__(self, caches: Sequence[Any]) -> None:
        self._owners = [cache.layer_caches for cache in caches]
        self.cache = type(caches[0])(len(self._owners[0]))
        per_layer = zip(*self._owners, strict=True)
        for layer, own in zip(self.cache.layer_caches, per_layer, strict=True):
            if own[0].k is not None:
                layer.store(torch.cat([one.k for one in own]), torch.cat([one.v for one in own]))
        self._joined = [layer.k for layer in self.cache.layer_caches]

    def hand_back(self, rows: Sequence[int]) -> None:
        """Give each owner its rows of what a forward has stored since."""
        start = 0
        for owner, count in zip(self._owners, rows, strict=True):
            end = start + count
            for layer, own, joined in zip(
                self.cache.layer_caches, owner, self._joined, strict=True
            ):
                if layer.k is not joined:
                    # Copies: views would keep the rows of all the others.
                    own.store(layer.k[start:end].clone(), layer.v[start:end].clone())
            start = end
