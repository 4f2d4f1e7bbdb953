"""The styles of screens and lenses: flat, pixel, neon, photo, fisheye."""

import numpy as np
import skia

from pipelines.embedded.canvas import Rgba
from pipelines.embedded.styles.layers import Picture, limited, over, soft
from pipelines.embedded.world import Scene

_CELLS = 44
"""Fat pixels along the short side."""


def flat(ground: Picture, subject: Rgba, scene: Scene, rng: np.random.Generator) -> Picture:
    return over(ground, subject)


def pixel(ground: Picture, subject: Rgba, scene: Scene, rng: np.random.Generator) -> Picture:
    """Fat square pixels in few colours."""
    height, width = ground.shape[:2]
    short = min(height, width)
    rows, columns = (round(_CELLS * side / short) for side in (height, width))
    small = _resized(
        over(ground, subject), rows, columns, skia.SamplingOptions(skia.CubicResampler.Mitchell())
    )
    few = np.round(small / 36) * 36
    return limited(_resized(few, height, width, skia.SamplingOptions(skia.FilterMode.kNearest)))


def neon(ground: Picture, subject: Rgba, scene: Scene, rng: np.random.Generator) -> Picture:
    """The dark, a violet haze, and a subject that glows and has a bright rim."""
    short = min(ground.shape[:2])
    dusk = ground * 0.42 + np.array([20, 4, 44], np.float32)
    alpha = subject[..., 3:].astype(np.float32) / 255
    body = subject[..., :3].astype(np.float32)
    light = np.maximum(soft(body * alpha, short / 18) * 1.3, soft(body * alpha, short / 45))
    rim = np.clip(np.abs(soft(np.repeat(alpha, 3, 2) * 255, short / 90) / 255 - 0.5), 0, 0.5)
    outline = np.clip(1 - rim * 2.4, 0, 1) * 0.55
    grey = body.mean(2, keepdims=True)
    vivid = grey + (body - grey) * 1.25
    if scene.main.colour is None:
        outline = outline * 0
    picture = dusk + light * (0.62 if scene.main.colour else 0.4) * (1 - alpha)
    picture = picture * (1 - alpha) + vivid * alpha
    return limited(picture + (255 - picture) * outline * alpha)


def photo(ground: Picture, subject: Rgba, scene: Scene, rng: np.random.Generator) -> Picture:
    """A sharp subject before a far blurred ground, discs of light, a darker rim."""
    height, width = ground.shape[:2]
    short = min(height, width)
    back = soft(ground, short / 16)
    glow, canvas = _blank(height, width)
    for _ in range(round(9 * height * width / short**2)):
        x, y, radius = rng.random() * width, rng.random() * height, short * rng.uniform(0.04, 0.1)
        tint = back[int(y), int(x)] + (255 - back[int(y), int(x)]) * 0.45
        c = skia.Color(*(int(v) for v in tint), 110)
        canvas.drawCircle(x, y, radius, skia.Paint(AntiAlias=True, Color=c))
    if scene.main.colour is None:
        return _graded(over(soft(ground, short / 200), subject), 0.3)
    back = over(back, glow.toarray(colorType=skia.kRGBA_8888_ColorType))
    lit = subject.astype(np.float32)
    lit[..., :3] = lit[..., :3] * np.linspace(1.08, 0.84, height, dtype=np.float32)[:, None, None]
    return _graded(over(back, limited(lit).astype(np.uint8)), 0.36)


def fisheye(ground: Picture, subject: Rgba, scene: Scene, rng: np.random.Generator) -> Picture:
    """Swell the middle and crowd the rim, in the black round frame of such a lens."""
    picture = over(ground, subject)
    height, width = picture.shape[:2]
    short = min(height, width)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    y, x = (2 * y - height + 1) / short, (2 * x - width + 1) / short
    radius = np.sqrt(x * x + y * y)
    pull = np.clip(radius, 1e-3, 1) ** 0.75 * 1.06
    bent = _sampled(
        picture, (x * pull * short + width - 1) / 2, (y * pull * short + height - 1) / 2
    )
    outside = np.clip((radius - 0.97) / 0.03, 0, 1)[..., None]
    return limited(bent * (1 - outside) + 12 * outside)


def _graded(picture: Picture, depth: float) -> Picture:
    """Darken the corners, as lenses do."""
    height, width = picture.shape[:2]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    away = np.clip((x * x + y * y) / 2, 0, 1)[..., None]
    return limited(picture * (1 - depth * away**1.5))


def _sampled(picture: Picture, x: Picture, y: Picture) -> Picture:
    """Bilinear samples. Units: pixels."""
    height, width = picture.shape[:2]
    column, row = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    left, top = np.floor(column).astype(int), np.floor(row).astype(int)
    right, low = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    u, v = (column - left)[..., None], (row - top)[..., None]
    upper = picture[top, left] * (1 - u) + picture[top, right] * u
    lower = picture[low, left] * (1 - u) + picture[low, right] * u
    sampled: Picture = (upper * (1 - v) + lower * v).astype(np.float32)
    return sampled


def _blank(height: int, width: int) -> tuple[skia.Surface, skia.Canvas]:
    made = skia.Surface(width, height)
    canvas = made.getCanvas()
    canvas.clear(skia.ColorTRANSPARENT)
    return made, canvas


def _resized(picture: Picture, height: int, width: int, how: skia.SamplingOptions) -> Picture:
    opaque = np.full((*picture.shape[:2], 1), 255, np.uint8)
    rgba = np.concatenate([limited(picture).astype(np.uint8), opaque], 2)
    image = skia.Image.fromarray(np.ascontiguousarray(rgba), skia.kRGBA_8888_ColorType)
    smaller: Picture = _rgb(image.resize(width, height, how))
    return smaller


def _rgb(image: skia.Image) -> Picture:
    drawn: Picture = image.toarray(colorType=skia.kRGBA_8888_ColorType)[..., :3].astype(np.float32)
    return drawn
