"""How a style lays a drawn subject onto a drawn ground: flat, watercolour, neon, Van Gogh.

Also the fisheye lens, which bends whatever was drawn. Arrays of pixels in, a picture out.
"""

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import skia
from numpy.typing import NDArray

from pipelines.embedded.canvas import Rgba, blurred, colour
from pipelines.embedded.world import Scene

Picture: TypeAlias = NDArray[np.floating[Any]]
"""[side, side, 3], 0 to 255."""
Style: TypeAlias = Callable[[Picture, Rgba, Scene, np.random.Generator], Picture]
"""The ground, the subject on a transparent layer, what is drawn, and the chance to use."""

_STROKES = 620
_PAPER = np.array([250, 248, 242], np.float32)


def flat(ground: Picture, subject: Rgba, scene: Scene, rng: np.random.Generator) -> Picture:
    return _over(ground, subject)


def watercolour(ground: Picture, subject: Rgba, scene: Scene, rng: np.random.Generator) -> Picture:
    """Pale washes that pool unevenly, run softly into each other and leave a ragged paper edge."""
    side = len(ground)
    pale = ground + (_PAPER - ground) * 0.2
    picture = _soft(_over(pale, subject), side / 100)
    wash = 0.65 * _clouds(rng, side, 7) + 0.35 * _clouds(rng, side, 24)
    picture = picture + (_PAPER - picture) * np.clip(0.06 + 0.7 * (wash - 0.4), 0, 0.4)
    away = np.abs(np.linspace(-1, 1, side, dtype=np.float32))
    edge = np.maximum(away[:, None], away[None, :]) + 0.24 * (wash[..., 0] - 0.5)
    paper = np.clip((edge - 0.84) / 0.07, 0, 1)[..., None]
    return _limited(picture + (_PAPER - picture) * paper)


def neon(ground: Picture, subject: Rgba, scene: Scene, rng: np.random.Generator) -> Picture:
    """The dark, a violet haze, and a subject that glows and has a bright rim."""
    side = len(ground)
    dusk = ground * 0.45 + np.array([20, 4, 44], np.float32)
    alpha = subject[..., 3:].astype(np.float32) / 255
    body = subject[..., :3].astype(np.float32)
    light = np.maximum(_soft(body * alpha, side / 18) * 1.3, _soft(body * alpha, side / 45))
    rim = np.clip(np.abs(_soft(np.repeat(alpha, 3, 2) * 255, side / 90) / 255 - 0.5), 0, 0.5)
    outline = np.clip(1 - rim * 2.4, 0, 1) * 0.55
    grey = body.mean(2, keepdims=True)
    vivid = grey + (body - grey) * 1.25
    if scene.main.colour is None:
        outline = outline * 0
    picture = dusk + light * (0.62 if scene.main.colour else 0.4) * (1 - alpha)
    picture = picture * (1 - alpha) + vivid * alpha
    return _limited(picture + (255 - picture) * outline * alpha)


def van_gogh(ground: Picture, subject: Rgba, scene: Scene, rng: np.random.Generator) -> Picture:
    """Thick strokes that flow around great whorls, whose rings are light and dark by turns."""
    if scene.ground == "night":
        ground = ground + (np.array([44, 92, 190], np.float32) - ground) * 0.5
    whorls = _whorls(rng, with_glow=scene.ground == "night")
    for whorl in whorls:
        ground = whorl.ring(ground)
    picture = _stroked(ground, ground, whorls, rng, _STROKES, thick=0.024, reach=0.034)
    alpha = subject[..., 3] > 160
    if not alpha.any():
        return picture
    whole = _over(picture, subject)
    share = int(_STROKES * 0.5 * float(alpha.mean()) + 60)
    return _stroked(whole, whole, whorls, rng, share, thick=0.02, reach=0.026, where=alpha)


STYLES: dict[str, Style] = {
    "flat": flat,
    "watercolour": watercolour,
    "neon": neon,
    "van_gogh": van_gogh,
}


def fisheye(picture: Picture) -> Picture:
    """Swell the middle and crowd the rim, in the black round frame of such a lens."""
    side = len(picture)
    across = np.linspace(-1, 1, side, dtype=np.float32)
    y, x = np.meshgrid(across, across, indexing="ij")
    radius = np.sqrt(x * x + y * y)
    pull = np.clip(radius, 1e-3, 1) ** 0.75
    bent = _sampled(picture, x * pull * 1.06, y * pull * 1.06)
    outside = np.clip((radius - 0.97) / 0.03, 0, 1)[..., None]
    return _limited(bent * (1 - outside) + 12 * outside)


def _sampled(picture: Picture, x: Picture, y: Picture) -> Picture:
    """Bilinear samples at coordinates from -1 to 1."""
    last = len(picture) - 1
    column = np.clip((x + 1) / 2 * last, 0, last)
    row = np.clip((y + 1) / 2 * last, 0, last)
    left, top = np.floor(column).astype(int), np.floor(row).astype(int)
    right, low = np.minimum(left + 1, last), np.minimum(top + 1, last)
    u, v = (column - left)[..., None], (row - top)[..., None]
    upper = picture[top, left] * (1 - u) + picture[top, right] * u
    lower = picture[low, left] * (1 - u) + picture[low, right] * u
    sampled: Picture = (upper * (1 - v) + lower * v).astype(np.float32)
    return sampled


class _Whorl:
    """A vortex of the sky: where, how large, which way it turns, whether a star glows in it."""

    def __init__(self, x: float, y: float, radius: float, turn: int, glow: bool) -> None:
        self.x, self.y, self.radius, self.turn, self.glow = x, y, radius, turn, glow

    def flow(self, points: Picture) -> Picture:
        """How the strokes at these points [n, 2] are carried round."""
        away = points - np.array([self.x, self.y], np.float32)
        distance = np.linalg.norm(away, axis=1, keepdims=True) + 1e-3
        pull = 3.5 * np.exp(-((distance / self.radius) ** 2))
        around = np.stack([-away[:, 1], away[:, 0]], 1) / distance
        carried: Picture = around * pull * self.turn
        return carried

    def ring(self, ground: Picture) -> Picture:
        side = len(ground)
        across = np.linspace(0, 1, side, dtype=np.float32)
        distance = np.hypot(across[None, :] - self.x, across[:, None] - self.y)[..., None]
        near = np.exp(-((distance / self.radius) ** 2))
        waves = np.cos(distance / self.radius * 2 * math.pi * 1.6)
        ringed = ground + 46 * waves * near
        if self.glow:
            core = np.exp(-((distance / (self.radius * 0.45)) ** 2))
            ringed = ringed + (np.array([252, 226, 120], np.float32) - ringed) * core
        return _limited(ringed)


def _whorls(rng: np.random.Generator, with_glow: bool) -> list[_Whorl]:
    made = []
    for place in range(3):
        x = (place + 0.5) / 3 + rng.uniform(-0.1, 0.1)
        y, radius = rng.uniform(0.1, 0.42), rng.uniform(0.12, 0.2)
        made.append(_Whorl(x, y, radius, int(rng.choice([-1, 1])), with_glow))
    return made


def _stroked(
    under: Picture,
    colours: Picture,
    whorls: list[_Whorl],
    rng: np.random.Generator,
    strokes: int,
    *,
    thick: float,
    reach: float,
    where: NDArray[np.bool_] | None = None,
) -> Picture:
    """Lay strokes in the picture's own colours along the flow. Units: shares of the side."""
    side = len(under)
    opaque = np.full((side, side, 1), 255, np.uint8)
    made = skia.Surface(side, side)
    canvas = made.getCanvas()
    layer = np.ascontiguousarray(np.concatenate([under.astype(np.uint8), opaque], 2))
    canvas.drawImage(skia.Image.fromarray(layer, skia.kRGBA_8888_ColorType), 0, 0)
    canvas.scale(side, side)
    points = rng.random((strokes * (3 if where is not None else 1), 2)).astype(np.float32)
    cells = (points * (side - 1)).astype(int)
    if where is not None:
        inside = where[cells[:, 1], cells[:, 0]]
        points, cells = points[inside][:strokes], cells[inside][:strokes]
    across = np.full(len(points), 0.6)
    flow: Picture = np.stack([across, 0.3 * np.sin(points[:, 0] * 8)], 1).astype(np.float32)
    for whorl in whorls:
        flow = flow + whorl.flow(points)
    flow = flow / (np.linalg.norm(flow, axis=1, keepdims=True) + 1e-6) * reach
    tints = colours[cells[:, 1], cells[:, 0]] + rng.normal(0, 17, (len(points), 1))
    brush = skia.Paint(AntiAlias=True, Style=skia.Paint.kStroke_Style, StrokeWidth=thick)
    brush.setStrokeCap(skia.Paint.kRound_Cap)
    ends = np.concatenate([points - flow, points + flow], 1).tolist()
    for end, tint in zip(ends, tints.tolist(), strict=True):
        brush.setColor(colour(tint))
        canvas.drawLine(*end, brush)
    drawn: Picture = made.toarray(colorType=skia.kRGBA_8888_ColorType)[..., :3].astype(np.float32)
    return drawn


def _over(ground: Picture, subject: Rgba) -> Picture:
    alpha = subject[..., 3:].astype(np.float32) / 255
    laid: Picture = ground * (1 - alpha) + subject[..., :3].astype(np.float32) * alpha
    return laid


def _soft(picture: Picture, sigma: float) -> Picture:
    return blurred(_limited(picture).astype(np.uint8), sigma).astype(np.float32)


def _clouds(rng: np.random.Generator, side: int, cells: int) -> Picture:
    """Smooth noise, 0 to 1, [side, side, 1]."""
    coarse = (rng.random((cells, cells)) * 255).astype(np.uint8)
    layers = np.dstack([coarse, coarse, coarse, np.full_like(coarse, 255)])
    image = skia.Image.fromarray(np.ascontiguousarray(layers), skia.kRGBA_8888_ColorType)
    smooth = image.resize(side, side, skia.SamplingOptions(skia.CubicResampler.Mitchell()))
    clouds: Picture = smooth.toarray()[..., :1].astype(np.float32) / 255
    return clouds


def _limited(picture: Picture) -> Picture:
    limited: Picture = np.clip(picture, 0, 255).astype(np.float32)
    return limited
