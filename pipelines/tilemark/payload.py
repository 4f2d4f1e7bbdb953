"""Says what a mark bears: a 64-bit id, a 32-bit tag that only the key can make, and their code.

The tag decides whether a reading is a mark: an unmarked picture meets it once in 2 ** 32. Knows the
layout of carriers, no pictures.
"""

import numpy as np
from numpy.typing import NDArray

from pipelines.tilemark import expansion
from pipelines.tilemark.convolution import Viterbi, coded_length, encode

ID_BITS = 64
TAG_BITS = 32
_LEAST = 1e-9


class Payload:
    """Ids to coded signs and back, for one key."""

    def __init__(self, key: bytes, tag_bits: int = TAG_BITS) -> None:
        self._key = key
        self._tag_bits = tag_bits
        self._viterbi = Viterbi()
        information_bits = ID_BITS + tag_bits
        self.coded = coded_length(information_bits)
        self._interleave = expansion.shuffled(key, b"tilemark/v1/interleave", self.coded)
        self._scramble = expansion.bits(key, b"tilemark/v1/scramble", information_bits)
        self.chance = 2.0**-tag_bits
        """That a reading of an unmarked picture is taken for a mark."""

    def signs(self, ident: int) -> NDArray[np.float32]:
        """The coded bits of an id as +1 and -1. Shapes: [coded]."""
        identity = _bits(ident.to_bytes(ID_BITS // 8, "big"))
        information = np.concatenate([identity, self._tag(identity)]) ^ self._scramble
        signs = np.empty(self.coded, np.float32)
        signs[self._interleave] = 1.0 - 2.0 * encode(information)
        return signs

    def ident(self, soft: NDArray[np.float32]) -> int | None:
        """The id that these readings of the coded bits tell; None where the tag does not fit."""
        ordered = soft[self._interleave] / (soft.std() + _LEAST)
        information = self._viterbi.decode(ordered) ^ self._scramble
        identity, tag = information[:ID_BITS], information[ID_BITS:]
        if not np.array_equal(tag, self._tag(identity)):
            return None
        return int.from_bytes(np.packbits(identity).tobytes(), "big")

    def _tag(self, identity: NDArray[np.uint8]) -> NDArray[np.uint8]:
        digest = expansion.derived(self._key, b"tilemark/v1/tag", np.packbits(identity).tobytes())
        return _bits(digest)[: self._tag_bits]


def _bits(data: bytes) -> NDArray[np.uint8]:
    return np.unpackbits(np.frombuffer(data, np.uint8))
