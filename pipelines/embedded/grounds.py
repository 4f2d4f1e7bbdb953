"""How the grounds look: what stands behind the subject. Knows no subject."""

import random
from collections.abc import Callable
from typing import TypeAlias

import skia

from pipelines.embedded.canvas import Rgb, dark, light, linear, mix, oval, paint, radial
from pipelines.embedded.palette import PALETTE
from pipelines.embedded.world import Scene

_DrawGround: TypeAlias = Callable[[skia.Canvas, float, random.Random], None]


def draw_ground(canvas: skia.Canvas, scene: Scene, rng: random.Random) -> float:
    """Fill the picture with the scene's ground; returns the height of the horizon."""
    horizon = rng.uniform(0.58, 0.7)
    if scene.ground == "plain":
        _plain(canvas, PALETTE[scene.ground_colour or "white"])
    else:
        _GROUNDS[scene.ground](canvas, horizon, rng)
    return horizon


def _plain(canvas: skia.Canvas, c: Rgb) -> None:
    shade = linear((0, 0), (0, 1), light(c, 0.06), dark(c, 0.05))
    canvas.drawRect(oval(0, 0, 1, 1), paint(c, shader=shade))


def _sky(canvas: skia.Canvas, top: Rgb, low: Rgb, horizon: float = 1.0) -> None:
    canvas.drawRect(oval(0, 0, 1, 1), paint(top, shader=linear((0, 0), (0, horizon), top, low)))


def _land(canvas: skia.Canvas, horizon: float, far: Rgb, near: Rgb) -> None:
    shade = linear((0, horizon), (0, 1), far, near)
    canvas.drawRect(oval(0, horizon, 1, 1), paint(far, shader=shade))


def _meadow(canvas: skia.Canvas, horizon: float, rng: random.Random) -> None:
    _sky(canvas, (96, 182, 244), (206, 236, 250), horizon)
    x, y = rng.choice((rng.uniform(0.1, 0.25), rng.uniform(0.75, 0.9))), rng.uniform(0.1, 0.2)
    canvas.drawCircle(x, y, 0.32, paint((255, 240, 150), 130, blur=0.09))
    canvas.drawCircle(x, y, 0.085, paint((255, 222, 70)))
    for _ in range(rng.randint(1, 2)):
        _cloud(canvas, rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.34), rng)
    _land(canvas, horizon, (150, 206, 92), (74, 160, 62))
    for _ in range(14):
        x, y = rng.random(), rng.uniform(horizon + 0.05, 1)
        canvas.drawLine(x, y, x + 0.012, y - 0.04, paint((60, 140, 56), 170, stroke=0.01))


def _cloud(canvas: skia.Canvas, x: float, y: float, rng: random.Random) -> None:
    for along in (-0.07, 0.0, 0.07):
        radius = rng.uniform(0.035, 0.05) + (0.015 if along == 0 else 0)
        canvas.drawOval(oval(x + along - 0.07, y - radius, x + along + 0.07, y + radius),
                        paint((255, 255, 255), 235))  # fmt: skip


def _forest(canvas: skia.Canvas, horizon: float, rng: random.Random) -> None:
    _sky(canvas, (28, 84, 56), (120, 168, 104), horizon)
    for depth, (bark, wide) in enumerate((((70, 96, 70), 0.035), ((58, 52, 40), 0.06))):
        for _ in range(6 - depth * 2):
            x = rng.random()
            canvas.drawLine(x, -0.05, x + rng.uniform(-0.02, 0.02), horizon + 0.04 + depth * 0.05,
                            paint(bark, stroke=wide * rng.uniform(0.7, 1.2)))  # fmt: skip
    for _ in range(9):
        leaf = mix((22, 78, 44), (52, 128, 60), rng.random())
        canvas.drawCircle(
            rng.random(), rng.uniform(-0.05, 0.16), rng.uniform(0.1, 0.18), paint(leaf)
        )
    _land(canvas, horizon, (62, 96, 46), (38, 62, 32))


def _night(canvas: skia.Canvas, horizon: float, rng: random.Random) -> None:
    _sky(canvas, (12, 16, 54), (48, 52, 118), horizon)
    for _ in range(26):
        x, y = rng.random(), rng.uniform(0, horizon)
        canvas.drawCircle(x, y, rng.uniform(0.005, 0.011), paint((255, 250, 214), 235))
    x, y = rng.choice((rng.uniform(0.1, 0.25), rng.uniform(0.75, 0.9))), rng.uniform(0.11, 0.2)
    canvas.drawCircle(x, y, 0.15, paint((230, 226, 170), 70, blur=0.05))
    canvas.drawCircle(x, y, 0.08, paint((250, 242, 194)))
    canvas.drawCircle(x + 0.035, y - 0.02, 0.065, paint((16, 20, 62)))
    _land(canvas, horizon, (26, 40, 60), (12, 18, 36))


def _sunset(canvas: skia.Canvas, horizon: float, rng: random.Random) -> None:
    _sky(canvas, (98, 62, 136), (250, 150, 84), horizon)
    x = rng.uniform(0.2, 0.8)
    glow = radial((x, horizon), 0.4, (255, 224, 130), (250, 150, 90))
    canvas.drawCircle(x, horizon, 0.26, paint((255, 200, 110), 150, shader=glow, blur=0.05))
    canvas.drawCircle(x, horizon, 0.12, paint((255, 222, 116)))
    for _ in range(3):
        left, y = rng.random() - 0.2, rng.uniform(0.12, horizon - 0.12)
        canvas.drawLine(left, y, left + 0.35, y, paint((232, 124, 130), 150, stroke=0.025))
    _land(canvas, horizon, (112, 64, 70), (58, 36, 56))


def _sea(canvas: skia.Canvas, horizon: float, rng: random.Random) -> None:
    _sky(canvas, (126, 204, 248), (224, 242, 250), horizon - 0.14)
    _cloud(canvas, rng.uniform(0.15, 0.85), rng.uniform(0.08, 0.25), rng)
    top = horizon - 0.14
    water = linear((0, top), (0, horizon + 0.1), (28, 104, 184), (84, 196, 212))
    canvas.drawRect(oval(0, top, 1, 1), paint((0, 0, 0), shader=water))
    for _ in range(8):
        x, y = rng.random(), rng.uniform(top + 0.03, horizon + 0.06)
        canvas.drawLine(x, y, x + 0.1, y, paint((232, 248, 252), 170, stroke=0.009))
    _land(canvas, horizon + 0.1, (246, 226, 168), (226, 196, 128))


def _snow(canvas: skia.Canvas, horizon: float, rng: random.Random) -> None:
    _sky(canvas, (150, 178, 212), (222, 232, 244), horizon)
    hills = rng.uniform(0.3, 0.7)
    canvas.drawOval(oval(hills - 0.6, horizon - 0.12, hills + 0.5, 1.2), paint((232, 240, 248)))
    _land(canvas, horizon + 0.05, (252, 253, 255), (218, 230, 244))
    for _ in range(30):
        flake = rng.uniform(0.008, 0.014)
        canvas.drawCircle(rng.random(), rng.random(), flake, paint((255, 255, 255), 235))


def _blur(canvas: skia.Canvas, horizon: float, rng: random.Random) -> None:
    base: Rgb = rng.choice(((72, 128, 84), (112, 150, 98), (86, 120, 140), (128, 138, 116)))
    _sky(canvas, light(base, 0.25), dark(base, 0.3))
    for _ in range(12):
        glow = mix(light(base, 0.2), (252, 240, 200), rng.uniform(0.1, 0.7))
        canvas.drawCircle(
            rng.random(), rng.random(), rng.uniform(0.06, 0.13), paint(glow, 120, blur=0.012)
        )


_GROUNDS: dict[str, _DrawGround] = {
    "meadow": _meadow,
    "forest": _forest,
    "night": _night,
    "sunset": _sunset,
    "sea": _sea,
    "snow": _snow,
    "blur": _blur,
}
