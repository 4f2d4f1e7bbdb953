"""Thick paint in the manner of Van Gogh: strokes that flow around great whorls.

Coordinates are shares of the short side, as on the canvas.
"""

import math
from dataclasses import dataclass

import numpy as np
import skia
from numpy.typing import NDArray

from pipelines.embedded.canvas import Frame, Rgba, colour
from pipelines.embedded.styles.layers import Picture, limited, over
from pipelines.embedded.world import Scene

_STROKES = 760
"""Of a square picture."""
_NIGHT_BLUE = np.array([44, 92, 190], np.float32)
_STAR = np.array([252, 226, 120], np.float32)


@dataclass(frozen=True, slots=True)
class _Whorl:
    """A vortex of the sky: where, how large, which way it turns, whether a star glows in it."""

    x: float
    y: float
    radius: float
    turn: int
    glow: bool

    def flow(self, points: Picture) -> Picture:
        """How the strokes at these points [n, 2] are carried round."""
        away = points - np.array([self.x, self.y], np.float32)
        distance = np.linalg.norm(away, axis=1, keepdims=True) + 1e-3
        pull = 3.5 * np.exp(-((distance / self.radius) ** 2))
        around = np.stack([-away[:, 1], away[:, 0]], 1) / distance
        carried: Picture = around * pull * self.turn
        return carried

    def ring(self, ground: Picture, frame: Frame) -> Picture:
        """Lay light and dark rings around the middle, and the star into it."""
        across = (np.arange(frame.width, dtype=np.float32) + 0.5) / frame.short
        down = (np.arange(frame.height, dtype=np.float32) + 0.5) / frame.short
        distance = np.hypot(across[None, :] - self.x, down[:, None] - self.y)[..., None]
        near = np.exp(-((distance / self.radius) ** 2))
        ringed = ground + 46 * np.cos(distance / self.radius * 2 * math.pi * 1.6) * near
        if self.glow:
            core = np.exp(-((distance / (self.radius * 0.45)) ** 2))
            ringed = ringed + (_STAR - ringed) * core
        return limited(ringed)


def impasto(ground: Picture, subject: Rgba, scene: Scene, rng: np.random.Generator) -> Picture:
    frame = Frame(ground.shape[1], ground.shape[0])
    night = scene.setting == "night"
    if night:
        ground = ground + (_NIGHT_BLUE - ground) * 0.5
    whorls = _whorls(rng, frame, with_glow=night)
    for whorl in whorls:
        ground = whorl.ring(ground, frame)
    brush = _Brush(frame, whorls, rng)
    strokes = round(_STROKES * frame.w * frame.h)
    picture = brush.lay(ground, ground, strokes, thick=0.022, reach=0.032)
    alpha = subject[..., 3] > 160
    if not alpha.any():
        return picture
    whole = over(picture, subject)
    share = int(strokes * 0.7 * float(alpha.mean()) + 60)
    return brush.lay(whole, whole, share, thick=0.016, reach=0.022, where=alpha)


def _whorls(rng: np.random.Generator, frame: Frame, *, with_glow: bool) -> list[_Whorl]:
    count = max(2, round(3 * frame.w))
    return [
        _Whorl(
            frame.w * (place + 0.5) / count + rng.uniform(-0.1, 0.1),
            rng.uniform(0.1, 0.42) * frame.h,
            rng.uniform(0.12, 0.2),
            int(rng.choice([-1, 1])),
            with_glow,
        )
        for place in range(count)
    ]


@dataclass(frozen=True, slots=True)
class _Brush:
    """Lays strokes in a picture's own colours along the flow."""

    frame: Frame
    whorls: list[_Whorl]
    rng: np.random.Generator

    def lay(
        self,
        under: Picture,
        colours: Picture,
        strokes: int,
        *,
        thick: float,
        reach: float,
        where: NDArray[np.bool_] | None = None,
    ) -> Picture:
        frame, rng = self.frame, self.rng
        made = skia.Surface(frame.width, frame.height)
        canvas = made.getCanvas()
        canvas.drawImage(_image(under), 0, 0)
        canvas.scale(frame.short, frame.short)
        tries = strokes * (3 if where is not None else 1)
        shares = rng.random((tries, 2)).astype(np.float32)
        cells = (shares * [frame.width - 1, frame.height - 1]).astype(int)
        if where is not None:
            inside = where[cells[:, 1], cells[:, 0]]
            cells = cells[inside][:strokes]
        points = ((cells + 0.5) / frame.short).astype(np.float32)
        flow = self._flow(points) * reach
        tints = colours[cells[:, 1], cells[:, 0]] + rng.normal(0, 16, (len(points), 1))
        paint = skia.Paint(AntiAlias=True, Style=skia.Paint.kStroke_Style, StrokeWidth=thick)
        paint.setStrokeCap(skia.Paint.kRound_Cap)
        ends = np.concatenate([points - flow, points + flow], 1).tolist()
        for end, tint in zip(ends, tints.tolist(), strict=True):
            paint.setColor(colour(tint))
            canvas.drawLine(*end, paint)
        drawn: Picture = made.toarray(colorType=skia.kRGBA_8888_ColorType)[..., :3]
        return drawn.astype(np.float32)

    def _flow(self, points: Picture) -> Picture:
        """Directions of length one, [n, 2]."""
        along = np.full(len(points), 0.6)
        flow: Picture = np.stack([along, 0.3 * np.sin(points[:, 0] * 8)], 1).astype(np.float32)
        for whorl in self.whorls:
            flow = flow + whorl.flow(points)
        straight: Picture = flow / (np.linalg.norm(flow, axis=1, keepdims=True) + 1e-6)
        return straight


def _image(picture: Picture) -> skia.Image:
    opaque = np.full((*picture.shape[:2], 1), 255, np.uint8)
    rgba = np.ascontiguousarray(np.concatenate([picture.astype(np.uint8), opaque], 2))
    return skia.Image.fromarray(rgba, skia.kRGBA_8888_ColorType)
