"""The frames that pictures are trained and drawn in: how wide, how high. Pure arithmetic."""

from pipelines.embedded.canvas import Frame

SQUARE = Frame(256, 256)
LYING = (Frame(288, 224), Frame(320, 208), Frame(336, 192))
"""About 4:3, 3:2 and 16:9, of about as many pixels as the square."""
STANDING = tuple(Frame(frame.height, frame.width) for frame in LYING)
FRAMES = (SQUARE, *LYING, *STANDING)

_GRID = 16
"""All sides are multiples of this: a latent's side. Units: pixels."""
_TURNS = (0, 1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6)
"""Every other shard is square."""


def frame_of(shard: int, short_side: int = SQUARE.short) -> Frame:
    """The frame of a shard's pictures; all smaller where the square's side is."""
    frame = FRAMES[_TURNS[shard % len(_TURNS)]]
    share = short_side / SQUARE.short
    return Frame(*(_GRID * round(side * share / _GRID) for side in (frame.width, frame.height)))
