"""Protects bits by a convolutional code, and finds the likeliest again by Viterbi's algorithm.

Rate 1/4, constraint length 9, ended by eight zeros. Knows bits and how sure each of them is,
nothing of what they mean.

Source: Larsen 1973, "Short convolutional codes with maximal free distance", the rate 1/4 code.
"""

import numpy as np
from numpy.typing import NDArray

_GENERATORS = (0o463, 0o535, 0o733, 0o745)
_MEMORY = 8
_STATES = 1 << _MEMORY
_UNREACHED = np.float32(-1e9)


def coded_length(information: int) -> int:
    """How many coded bits protect so many bits."""
    return (information + _MEMORY) * len(_GENERATORS)


def encode(information: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Code bits. Shapes: [information] -> [coded_length(information)], zeros and ones."""
    padded = np.concatenate([np.zeros(_MEMORY, np.uint8), information, np.zeros(_MEMORY, np.uint8)])
    # A window is the register: the oldest bit first, which is the generators' lowest.
    windows = np.lib.stride_tricks.sliding_window_view(padded, _MEMORY + 1)
    return ((windows @ _taps().T) & 1).astype(np.uint8).ravel()


class Viterbi:
    """The decoder, with its tables: which branches lead into which state."""

    def __init__(self) -> None:
        # A state holds the last eight bits, the newest highest. The two states before it end in
        # either bit and share the rest, so a reshape finds them without a table.
        registers = np.arange(2 * _STATES)
        ones = (registers[:, None] >> np.arange(_MEMORY + 1)) & 1
        self._branches = (1.0 - 2.0 * ((ones @ _taps().T) & 1)).astype(np.float32).T

    def decode(self, soft: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Find the likeliest bits. Positive values speak for a coded 0, negative ones for a 1.

        Shapes: [coded_length(information)] -> [information].
        """
        steps = soft.reshape(-1, len(_GENERATORS)).astype(np.float32) @ self._branches
        metric = np.full(_STATES, _UNREACHED)
        metric[0] = 0
        choices = np.empty((len(steps), _STATES), bool)
        for step, choice in zip(steps.reshape(-1, _STATES, 2), choices, strict=True):
            ways = np.tile(metric.reshape(_STATES // 2, 2), (2, 1)) + step
            np.greater(ways[:, 1], ways[:, 0], out=choice)
            metric = ways.max(1)
        return _walked_back(choices)[:-_MEMORY]


def _walked_back(choices: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The bits on the best way to state zero."""
    state = 0
    found = np.empty(len(choices), np.uint8)
    for step in range(len(choices) - 1, -1, -1):
        found[step] = state >> (_MEMORY - 1)
        state = (state << 1) & (_STATES - 1) | int(choices[step, state])
    return found


def _taps() -> NDArray[np.int64]:
    """The generators' bits, lowest first. Shapes: [generators, memory + 1]."""
    return (np.array(_GENERATORS)[:, None] >> np.arange(_MEMORY + 1)) & 1
