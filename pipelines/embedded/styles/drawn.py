"""The styles of the hand: watercolour, pencil, ink wash."""

import numpy as np

from pipelines.embedded.canvas import Rgba
from pipelines.embedded.styles.layers import Picture, clouds, edges, limited, over, soft
from pipelines.embedded.world import Scene

_PAPER = np.array([250, 248, 242], np.float32)
_RICE_PAPER = np.array([240, 234, 218], np.float32)
_GRAPHITE = np.array([58, 58, 64], np.float32)


def watercolour(ground: Picture, subject: Rgba, scene: Scene, rng: np.random.Generator) -> Picture:
    """Pale washes that pool unevenly, run softly into each other and leave a ragged paper edge."""
    height, width = ground.shape[:2]
    short = min(height, width)
    pale = ground + (_PAPER - ground) * 0.2
    picture = soft(over(pale, subject), short / 110)
    wash = 0.65 * clouds(rng, height, width, 7) + 0.35 * clouds(rng, height, width, 24)
    picture = picture + (_PAPER - picture) * np.clip(0.06 + 0.7 * (wash - 0.4), 0, 0.4)
    paper = _border(height, width, wash[..., 0], 0.24, 0.07)
    return limited(picture + (_PAPER - picture) * paper)


def pencil(ground: Picture, subject: Rgba, scene: Scene, rng: np.random.Generator) -> Picture:
    """Grey outlines and slanting hatches on white paper, with a breath of colour."""
    height, width = ground.shape[:2]
    short = min(height, width)
    whole = over(ground + (255 - ground) * 0.35, subject)
    grey = whole.mean(2, keepdims=True)
    tinted = grey + (whole - grey) * 0.75
    paper = _PAPER + (tinted - 255) * 0.5
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / short
    waves = 0.5 + 0.5 * np.sin(
        (x + 0.8 * y) * 2 * np.pi * 44 + 3 * clouds(rng, height, width, 9)[..., 0]
    )
    shade = np.clip((190 - grey[..., 0]) / 190, 0, 1)
    hatch = (np.clip((waves - 0.55) / 0.3, 0, 1) * shade)[..., None]
    picture = paper + (_GRAPHITE - paper) * (0.45 * hatch)
    return limited(picture + (_GRAPHITE - picture) * edges(whole, short / 260))


def ink(ground: Picture, subject: Rgba, scene: Scene, rng: np.random.Generator) -> Picture:
    """Black ink in few tones that bleeds into warm paper; colour is hardly more than a hint."""
    height, width = ground.shape[:2]
    short = min(height, width)
    whole = over(ground + (255 - ground) * 0.5, subject)
    grey = whole.mean(2, keepdims=True)
    bled = soft(grey.repeat(3, 2), short / 80) * 0.55 + grey * 0.45
    wet = clouds(rng, height, width, 6) * 0.6 + clouds(rng, height, width, 20) * 0.4
    tone = np.clip(bled / 255 + 0.24 * (wet - 0.4), 0, 1)
    tone = tone * 0.5 + np.round(tone * 4) / 4 * 0.5
    picture = _RICE_PAPER * tone + (whole - grey) * 0.42
    lines = edges(whole, short / 160) * 0.85
    picture = picture + (20 - picture) * soft(lines.repeat(3, 2) * 255, short / 320) / 255
    paper = _border(height, width, wet[..., 0], 0.4, 0.2)
    return limited(picture + (_RICE_PAPER - picture) * paper)


def _border(height: int, width: int, ragged: Picture, depth: float, fade: float) -> Picture:
    """The bare paper around a painting, 0 to 1, [height, width, 1]."""
    down = np.abs(np.linspace(-1, 1, height, dtype=np.float32))
    across = np.abs(np.linspace(-1, 1, width, dtype=np.float32))
    near = np.maximum(down[:, None], across[None, :]) + depth * (ragged - 0.5)
    paper: Picture = np.clip((near - 0.84) / fade, 0, 1)[..., None]
    return paper
