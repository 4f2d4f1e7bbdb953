"""Turns a key into the random tables of a mark: numbers, orders and bits, the same for ever.

SHAKE-256 gives the bytes and the shuffle is our own, because numpy promises its generators' streams
but not its `permutation` or `choice` from one version to the next: an upgrade would orphan every
marked picture. Knows nothing of what the tables are for.
"""

import hashlib
import hmac

import numpy as np
from numpy.typing import NDArray

_WORD_BYTES = 8
_MANTISSA_BITS = 53


def numbers(key: bytes, purpose: bytes, count: int) -> NDArray[np.uint64]:
    """Independent 64-bit numbers for one key and one purpose."""
    # The key's length comes first, so that no key and purpose run together to those of another.
    seed = len(key).to_bytes(_WORD_BYTES, "big") + key + purpose
    digest = hashlib.shake_256(seed).digest(count * _WORD_BYTES)
    return np.frombuffer(digest, ">u8").astype(np.uint64)


def uniform(key: bytes, purpose: bytes, count: int) -> NDArray[np.float64]:
    """Numbers from 0 up to but not including 1, every one a multiple of 2 ** -53."""
    words = numbers(key, purpose, count)
    return (words >> np.uint64(64 - _MANTISSA_BITS)).astype(np.float64) * 2.0**-_MANTISSA_BITS


def shuffled(key: bytes, purpose: bytes, count: int) -> NDArray[np.intp]:
    """The numbers below `count` in random order: each draws a number, and they line up by it."""
    return np.argsort(numbers(key, purpose, count), kind="stable")


def bits(key: bytes, purpose: bytes, count: int) -> NDArray[np.uint8]:
    """As many random bits, each 0 or 1."""
    return (numbers(key, purpose, count) >> np.uint64(63)).astype(np.uint8)


def derived(key: bytes, purpose: bytes, message: bytes = b"") -> bytes:
    """32 bytes that nobody can tell from chance without the key."""
    return hmac.new(key, purpose + message, hashlib.sha256).digest()
