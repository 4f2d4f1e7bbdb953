"""How the settings look: what stands behind the subject. Knows no subject."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import skia

from pipelines.embedded.canvas import (
    Frame,
    Rgb,
    dark,
    light,
    linear,
    mix,
    oval,
    paint,
    polygon,
    radial,
)


@dataclass(frozen=True, slots=True)
class Stage:
    """What a setting is drawn on: the canvas, its frame, where the land begins, and the chance."""

    canvas: skia.Canvas
    frame: Frame
    horizon: float
    rng: random.Random

    def anywhere(self, low: float, high: float) -> tuple[float, float]:
        """A point of a band of the picture, its heights in shares."""
        return self.rng.uniform(0, self.frame.w), self.rng.uniform(low, high) * self.frame.h

    def band(self, top: float, low: float, upper: Rgb, lower: Rgb) -> None:
        """Fill the picture's width between two heights, from one colour to another."""
        shade = linear((0, top), (0, low), upper, lower)
        self.canvas.drawRect(oval(0, top, self.frame.w, low), paint(upper, shader=shade))

    def sky(self, top: Rgb, low: Rgb) -> None:
        self.band(0, self.horizon, top, low)

    def land(self, far: Rgb, near: Rgb, rise: float = 0.0) -> None:
        self.band(self.horizon + rise, self.frame.h, far, near)

    def sun(self, c: Rgb, radius: float) -> None:
        """A disc with its glow near one of the upper corners."""
        side = self.rng.uniform(0.12, 0.25)
        x = self.frame.w * (side if self.rng.random() < 0.5 else 1 - side)
        y = self.rng.uniform(0.12, 0.2) * self.frame.h
        self.canvas.drawCircle(x, y, radius * 3.4, paint(light(c, 0.3), 120, blur=radius))
        self.canvas.drawCircle(x, y, radius, paint(c))

    def cloud(self, c: Rgb = (255, 255, 255)) -> None:
        x, y = self.anywhere(0.08, 0.3)
        for along in (-0.07, 0.0, 0.07):
            radius = self.rng.uniform(0.035, 0.05) + (0.015 if along == 0 else 0)
            puff = oval(x + along - 0.07, y - radius, x + along + 0.07, y + radius)
            self.canvas.drawOval(puff, paint(c, 235))

    def hills(self, low: float, high: float, c: Rgb, step: float) -> None:
        """A jagged range across the picture. Units: heights above the horizon."""
        points, x, up = [(-step, self.frame.h)], -step, False
        while x < self.frame.w + step:
            rise = self.rng.uniform(0.6, 1.0) * high if up else self.rng.uniform(0.8, 1.2) * low
            points.append((x, self.horizon - rise))
            x, up = x + step * self.rng.uniform(0.8, 1.2), not up
        points.append((self.frame.w + step, self.frame.h))
        shade = linear(
            (0, self.horizon - high), (0, self.horizon + 0.1), light(c, 0.12), dark(c, 0.1)
        )
        self.canvas.drawPath(polygon(points), paint(c, shader=shade))


Draw: TypeAlias = Callable[[Stage], None]


def draw_plain(stage: Stage, c: Rgb) -> None:
    stage.band(0, stage.frame.h, light(c, 0.06), dark(c, 0.05))


def _meadow(stage: Stage) -> None:
    stage.sky((96, 182, 244), (206, 236, 250))
    stage.sun((255, 222, 70), 0.085)
    for _ in range(stage.rng.randint(1, 2)):
        stage.cloud()
    stage.land((150, 206, 92), (74, 160, 62))
    for _ in range(14):
        x, y = stage.anywhere(0.72, 1)
        stage.canvas.drawLine(x, y, x + 0.012, y - 0.04, paint((60, 140, 56), 170, stroke=0.01))


def _garden(stage: Stage) -> None:
    stage.sky((140, 206, 246), (224, 242, 250))
    w, hedge = stage.frame.w, stage.horizon - 0.16
    stage.canvas.drawRect(oval(0, hedge, w, stage.horizon), paint((58, 128, 66)))
    x = 0.0
    while x < w + 0.1:
        radius = stage.rng.uniform(0.06, 0.1)
        stage.canvas.drawCircle(
            x, hedge, radius, paint(mix((50, 118, 60), (88, 158, 80), stage.rng.random()))
        )
        x += radius * 1.3
    stage.land((158, 208, 104), (96, 170, 76))
    petals: tuple[Rgb, ...] = ((240, 90, 120), (250, 214, 80), (250, 250, 250), (180, 110, 210))
    for _ in range(round(22 * w)):
        x, y = stage.anywhere(0.66, 0.99)
        stage.canvas.drawCircle(x, y, 0.02, paint(stage.rng.choice(petals)))
        stage.canvas.drawCircle(x, y, 0.008, paint((246, 196, 60)))


def _forest(stage: Stage) -> None:
    stage.sky((28, 84, 56), (120, 168, 104))
    _trunks(stage, ((70, 96, 70), (58, 52, 40)))
    for _ in range(round(10 * stage.frame.w)):
        x, y = stage.anywhere(-0.05, 0.15)
        leaf = mix((22, 78, 44), (52, 128, 60), stage.rng.random())
        stage.canvas.drawCircle(x, y, stage.rng.uniform(0.1, 0.18), paint(leaf))
    stage.land((62, 96, 46), (38, 62, 32))


def _autumn(stage: Stage) -> None:
    stage.sky((236, 190, 120), (252, 226, 170))
    _trunks(stage, ((156, 112, 74), (98, 66, 44)))
    leaves: tuple[Rgb, ...] = ((214, 86, 34), (236, 144, 40), (190, 52, 40), (244, 190, 70))
    for _ in range(round(12 * stage.frame.w)):
        x, y = stage.anywhere(-0.05, 0.17)
        stage.canvas.drawCircle(
            x, y, stage.rng.uniform(0.09, 0.16), paint(stage.rng.choice(leaves))
        )
    stage.land((206, 140, 66), (150, 88, 46))
    for _ in range(round(30 * stage.frame.w)):
        x, y = stage.anywhere(0.66, 1)
        leaf = oval(x - 0.018, y - 0.01, x + 0.018, y + 0.01)
        stage.canvas.drawOval(leaf, paint(stage.rng.choice(leaves)))


def _trunks(stage: Stage, barks: tuple[Rgb, Rgb]) -> None:
    for depth, (bark, wide) in enumerate(zip(barks, (0.035, 0.06), strict=True)):
        for _ in range(round((6 - depth * 2) * stage.frame.w)):
            x, lean = stage.rng.uniform(0, stage.frame.w), stage.rng.uniform(-0.02, 0.02)
            trunk = paint(bark, stroke=wide * stage.rng.uniform(0.7, 1.2))
            stage.canvas.drawLine(x, -0.05, x + lean, stage.horizon + 0.04 + depth * 0.05, trunk)


def _mountains(stage: Stage) -> None:
    stage.sky((128, 186, 238), (226, 240, 250))
    stage.cloud()
    stage.hills(0.1, 0.5, (128, 142, 178), 0.26)
    stage.hills(0.04, 0.32, (92, 112, 138), 0.22)
    stage.land((132, 176, 96), (84, 138, 70))


def _lake(stage: Stage) -> None:
    stage.sky((150, 206, 240), (232, 244, 250))
    stage.hills(0.06, 0.24, (104, 150, 126), 0.24)
    shore = stage.horizon + 0.02
    stage.band(shore, shore + 0.2, (96, 168, 200), (150, 206, 222))
    for _ in range(round(9 * stage.frame.w)):
        x, y = stage.anywhere(0, 1)
        level = shore + 0.02 + 0.16 * y / stage.frame.h
        stage.canvas.drawLine(x, level, x + 0.09, level, paint((236, 250, 252), 150, stroke=0.008))
    stage.land((134, 186, 92), (88, 150, 70), rise=0.2)


def _sea(stage: Stage) -> None:
    stage.sky((126, 204, 248), (224, 242, 250))
    stage.cloud()
    top = stage.horizon - 0.14
    stage.band(top, stage.horizon + 0.1, (28, 104, 184), (84, 196, 212))
    for _ in range(round(8 * stage.frame.w)):
        x = stage.rng.uniform(0, stage.frame.w)
        y = stage.rng.uniform(top + 0.03, stage.horizon + 0.06)
        stage.canvas.drawLine(x, y, x + 0.1, y, paint((232, 248, 252), 170, stroke=0.009))
    stage.land((246, 226, 168), (226, 196, 128), rise=0.1)


def _underwater(stage: Stage) -> None:
    stage.band(0, stage.frame.h, (64, 176, 220), (10, 60, 120))
    for _ in range(4):
        x = stage.rng.uniform(0, stage.frame.w)
        beam = [(x, 0), (x + 0.1, 0), (x + 0.02, stage.frame.h), (x - 0.22, stage.frame.h)]
        stage.canvas.drawPath(polygon(beam), paint((200, 240, 255), 44))
    stage.band(stage.frame.h * 0.9, stage.frame.h, (214, 190, 130), (176, 150, 96))
    for _ in range(round(7 * stage.frame.w)):
        x, top = stage.rng.uniform(0, stage.frame.w), stage.rng.uniform(0.68, 0.85) * stage.frame.h
        weed: Rgb = stage.rng.choice(((40, 130, 84), (214, 96, 110), (226, 140, 70)))
        stage.canvas.drawLine(x, stage.frame.h * 0.95, x + 0.03, top, paint(weed, stroke=0.03))
    for _ in range(round(14 * stage.frame.w)):
        x, y = stage.anywhere(0.03, 0.85)
        stage.canvas.drawCircle(
            x, y, stage.rng.uniform(0.008, 0.022), paint((236, 250, 255), 150, stroke=0.006)
        )


def _desert(stage: Stage) -> None:
    stage.sky((250, 206, 130), (254, 238, 196))
    stage.sun((255, 246, 200), 0.1)
    for low, c in ((-0.02, (232, 182, 104)), (0.08, (222, 164, 86)), (0.2, (206, 144, 72))):
        middle, top = stage.rng.uniform(0, stage.frame.w), stage.horizon + low
        stage.band(top, stage.frame.h, c, dark(c, 0.05))
        dune = oval(middle - 1.0, top - 0.06, middle + 1.0, stage.frame.h + 0.7)
        stage.canvas.drawOval(dune, paint(c))


def _snow(stage: Stage) -> None:
    stage.band(0, stage.frame.h, (150, 178, 212), (232, 240, 248))
    hill = stage.rng.uniform(0.3, 0.7) * stage.frame.w
    mound = oval(hill - 0.7, stage.horizon - 0.12, hill + 0.6, stage.frame.h + 0.3)
    stage.canvas.drawOval(mound, paint((232, 240, 248)))
    stage.land((252, 253, 255), (218, 230, 244), rise=0.05)
    for _ in range(round(34 * stage.frame.w)):
        x, y = stage.anywhere(0, 1)
        stage.canvas.drawCircle(x, y, stage.rng.uniform(0.007, 0.013), paint((255, 255, 255), 235))


def _street(stage: Stage) -> None:
    stage.sky((170, 208, 238), (232, 238, 242))
    fronts: tuple[Rgb, ...] = ((206, 122, 96), (226, 196, 146), (158, 172, 186), (186, 150, 170))
    x = -0.05
    while x < stage.frame.w:
        wide, top = stage.rng.uniform(0.24, 0.36), stage.rng.uniform(0.06, 0.26)
        front = stage.rng.choice(fronts)
        stage.canvas.drawRect(oval(x, top, x + wide, stage.horizon), paint(front))
        for row in range(int((stage.horizon - top - 0.05) / 0.12)):
            for column in (0.2, 0.6):
                left, y = x + wide * column, top + 0.04 + row * 0.12
                pane = oval(left, y, left + wide * 0.22, y + 0.07)
                stage.canvas.drawRect(pane, paint(light(front, 0.6)))
        x += wide
    stage.band(stage.horizon, stage.horizon + 0.06, (196, 194, 190), (180, 178, 174))
    stage.land((98, 100, 108), (78, 80, 88), rise=0.06)
    x = stage.rng.uniform(-0.1, 0.1)
    while x < stage.frame.w:
        level = stage.horizon + 0.24
        stage.canvas.drawLine(x, level, x + 0.11, level, paint((244, 240, 220), stroke=0.018))
        x += 0.24


def _room(stage: Stage) -> None:
    wall: Rgb = stage.rng.choice(
        ((244, 226, 196), (206, 220, 210), (226, 206, 214), (204, 216, 232))
    )
    stage.sky(light(wall, 0.1), wall)
    stage.canvas.drawRect(
        oval(0, stage.horizon - 0.025, stage.frame.w, stage.horizon), paint(dark(wall, 0.25))
    )
    stage.land((190, 142, 96), (158, 112, 72))
    for n in range(1, 4):
        y = stage.horizon + n * 0.1
        stage.canvas.drawLine(0, y, stage.frame.w, y, paint((140, 98, 62), 120, stroke=0.006))
    x = stage.frame.w * stage.rng.choice((0.16, 0.84))
    window = oval(x - 0.12, 0.1, x + 0.12, 0.4)
    stage.canvas.drawRect(window, paint((168, 214, 244)))
    frame = paint((250, 248, 242), stroke=0.022)
    stage.canvas.drawRect(window, frame)
    stage.canvas.drawLine(x, 0.1, x, 0.4, frame)
    stage.canvas.drawLine(x - 0.12, 0.25, x + 0.12, 0.25, frame)


def _space(stage: Stage) -> None:
    stage.band(0, stage.frame.h, (10, 8, 32), (28, 16, 64))
    for _ in range(3):
        x, y = stage.anywhere(0, 1)
        haze = stage.rng.choice(((120, 60, 180), (40, 110, 190), (190, 70, 130)))
        stage.canvas.drawCircle(x, y, stage.rng.uniform(0.15, 0.3), paint(haze, 80, blur=0.1))
    _stars(stage, round(46 * stage.frame.w), 1.0)
    x = stage.frame.w * stage.rng.choice((0.14, 0.86))
    y, radius = stage.rng.choice((0.16, 0.84)) * stage.frame.h, stage.rng.uniform(0.09, 0.14)
    c: Rgb = stage.rng.choice(((226, 150, 90), (110, 160, 210), (190, 120, 170)))
    planet = radial((x - radius * 0.4, y - radius * 0.4), radius * 1.6, light(c, 0.3), dark(c, 0.5))
    stage.canvas.drawCircle(x, y, radius, paint(c, shader=planet))
    ring = oval(x - radius * 1.7, y - radius * 0.4, x + radius * 1.7, y + radius * 0.4)
    stage.canvas.drawArc(ring, 0, 180, False, paint(light(c, 0.55), stroke=0.016))


def _sunset(stage: Stage) -> None:
    stage.sky((98, 62, 136), (250, 150, 84))
    x = stage.rng.uniform(0.2, 0.8) * stage.frame.w
    glow = radial((x, stage.horizon), 0.4, (255, 224, 130), (250, 150, 90))
    stage.canvas.drawCircle(
        x, stage.horizon, 0.26, paint((255, 200, 110), 150, shader=glow, blur=0.05)
    )
    stage.canvas.drawCircle(x, stage.horizon, 0.12, paint((255, 222, 116)))
    for _ in range(3):
        left, y = stage.anywhere(0.12, 0.45)
        streak = paint((232, 124, 130), 150, stroke=0.025)
        stage.canvas.drawLine(left - 0.2, y, left + 0.15, y, streak)
    stage.land((112, 64, 70), (58, 36, 56))


def _night(stage: Stage) -> None:
    stage.sky((12, 16, 54), (48, 52, 118))
    _stars(stage, round(28 * stage.frame.w), stage.horizon / stage.frame.h)
    side = stage.rng.uniform(0.12, 0.25)
    x = stage.frame.w * (side if stage.rng.random() < 0.5 else 1 - side)
    y = stage.rng.uniform(0.11, 0.2) * stage.frame.h
    stage.canvas.drawCircle(x, y, 0.15, paint((230, 226, 170), 70, blur=0.05))
    stage.canvas.drawCircle(x, y, 0.08, paint((250, 242, 194)))
    stage.canvas.drawCircle(x + 0.035, y - 0.02, 0.065, paint((16, 20, 62)))
    stage.land((26, 40, 60), (12, 18, 36))


def _stars(stage: Stage, count: int, low: float) -> None:
    for _ in range(count):
        x, y = stage.anywhere(0, low)
        size = stage.rng.uniform(0.005, 0.011)
        stage.canvas.drawCircle(x, y, size, paint((255, 250, 214), 235))


SETTINGS: dict[str, Draw] = {
    "meadow": _meadow,
    "garden": _garden,
    "forest": _forest,
    "autumn": _autumn,
    "mountains": _mountains,
    "lake": _lake,
    "sea": _sea,
    "underwater": _underwater,
    "desert": _desert,
    "snow": _snow,
    "street": _street,
    "room": _room,
    "space": _space,
    "sunset": _sunset,
    "night": _night,
}
"""Every setting but the plain one, which is a colour."""
