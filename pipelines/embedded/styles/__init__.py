"""The registry: style name -> how it lays a drawn subject onto a drawn ground."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from pipelines.embedded.canvas import Rgba
from pipelines.embedded.styles import drawn, impasto, made
from pipelines.embedded.styles.layers import Picture
from pipelines.embedded.world import Scene

Style: TypeAlias = Callable[[Picture, Rgba, Scene, np.random.Generator], Picture]
"""The ground, the subject on a transparent layer, what is drawn, and the chance to use."""

STYLES: dict[str, Style] = {
    "flat": made.flat,
    "watercolour": drawn.watercolour,
    "pencil": drawn.pencil,
    "pixel": made.pixel,
    "neon": made.neon,
    "ink": drawn.ink,
    "impasto": impasto.impasto,
    "photo": made.photo,
    "fisheye": made.fisheye,
}
