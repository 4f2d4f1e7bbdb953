"""The colours as pixels. Renderer and pixel rules share it; it needs neither."""

PALETTE: dict[str, tuple[float, float, float]] = {
    "red": (215, 38, 40),
    "orange": (242, 138, 36),
    "yellow": (247, 216, 58),
    "green": (56, 165, 76),
    "blue": (46, 98, 218),
    "turquoise": (56, 200, 196),
    "purple": (138, 66, 188),
    "pink": (246, 142, 182),
    "brown": (126, 80, 46),
    "black": (34, 34, 40),
    "white": (246, 246, 246),
    "grey": (142, 146, 152),
}
