"""Pictures to mark: sky, hills with texture, and things with sharp edges."""

import numpy as np
from PIL import Image, ImageDraw

from pipelines.types import Pixels


def scene(height: int, width: int, seed: int = 0) -> Pixels:
    """A drawn landscape, the same for the same seed. Shapes: returns [height, width, 3]."""
    chance = np.random.default_rng(seed)
    down = np.linspace(0, 1, height)[:, None, None]
    sky = np.array([120, 160, 220]) * (1 - down) + np.array([230, 220, 200]) * down
    levels = np.broadcast_to(sky, (height, width, 3)).copy()
    coarse = chance.normal(0, 1, (height // 4, width // 4)).astype(np.float32)
    grain = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
    crest = height * (0.55 + 0.1 * np.sin(np.arange(width) / width * 7 + seed))
    hills = np.arange(height)[:, None] > crest
    levels[hills] = np.array([70, 110, 60]) + 14 * grain[hills][:, None]
    picture = Image.fromarray(levels.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    for _ in range(8):
        colour = tuple(int(level) for level in chance.integers(20, 235, 3))
        left, top = int(chance.integers(0, width)), int(chance.integers(0, height))
        size = int(chance.integers(20, min(height, width) // 4))
        draw.ellipse((left - size, top - size, left + size, top + size), fill=colour)
    return np.asarray(picture)
