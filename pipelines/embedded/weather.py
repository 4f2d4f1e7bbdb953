"""How weather looks: laid over a finished ground, before or after the subject. Knows no subject."""

import random

import skia

from pipelines.embedded.canvas import Frame, Rgb, linear, oval, paint

_ARCH: tuple[Rgb, ...] = (
    (228, 60, 60), (244, 150, 50), (250, 224, 80), (80, 180, 90), (70, 130, 220), (140, 80, 190),
)  # fmt: skip


def behind(canvas: skia.Canvas, weather: str, frame: Frame, rng: random.Random) -> None:
    """What stands in the sky."""
    if weather == "rainbow":
        middle, radius = rng.uniform(0.35, 0.65) * frame.w, rng.uniform(0.5, 0.62) * frame.w
        foot = 0.78 * frame.h
        for n, band in enumerate(_ARCH):
            reach = radius - n * 0.032
            high = min(reach, foot - 0.05 - n * 0.032)
            arch = oval(middle - reach, foot - high, middle + reach, foot + high)
            canvas.drawArc(arch, 180, 180, False, paint(band, 200, stroke=0.034))
    elif weather == "rain":
        shade = linear((0, 0), (0, 0.7 * frame.h), (70, 82, 104), (150, 162, 178))
        canvas.drawRect(oval(0, 0, frame.w, 0.62 * frame.h), paint((90, 100, 120), 170))
        canvas.drawRect(oval(0, 0, frame.w, 0.2 * frame.h), paint((70, 82, 104), 120, shader=shade))


def before(canvas: skia.Canvas, weather: str, frame: Frame, rng: random.Random) -> None:
    """What falls or drifts between the subject and the eye."""
    if weather == "rain":
        for _ in range(round(70 * frame.w * frame.h)):
            x, y = rng.uniform(0, frame.w + 0.1), rng.uniform(-0.1, frame.h)
            length = rng.uniform(0.05, 0.1)
            drop = paint((214, 228, 244), 190, stroke=0.008)
            canvas.drawLine(x, y, x - length * 0.3, y + length, drop)
    elif weather == "fog":
        for _ in range(7):
            y = rng.uniform(0.15, 0.95) * frame.h
            x, wide = rng.uniform(0, frame.w), rng.uniform(0.5, 0.9)
            drift = oval(x - wide, y - 0.09, x + wide, y + 0.09)
            canvas.drawOval(drift, paint((236, 240, 244), 150, blur=0.05))
        canvas.drawRect(oval(0, 0, frame.w, frame.h), paint((232, 236, 242), 70))
