"""Lays pictures of any shape out in rows of even width, each above its prompt. Knows no model.

The letters are those of the label's font, which has the Chinese that the prompts need.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from pipelines.label.charset import CHARACTERS
from pipelines.label.lettering import FONT
from pipelines.types import Pixels

_PAPER, _INK, _FAINT, _RULE = (251, 250, 247), (38, 38, 44), (122, 122, 130), (226, 224, 218)
_MARGIN, _GAP = 32, 16
_TEXT, _TITLE = 15, 22
_TITLE_ROOM = 3 * _TITLE
_LINE = 20
_MOST_LINES = 4
_ROUND = 8
"""Radius of the pictures' corners."""
_FINER = 4
_NO_STARTS = "，。、"
"""What must not begin a line."""


@dataclass(frozen=True, slots=True)
class Framed:
    """A picture and what stands below it: its prompt, and in grey what that means."""

    picture: Pixels
    prompt: str
    gloss: str = ""

    @property
    def aspect(self) -> float:
        height, width = self.picture.shape[:2]
        return float(width / height)


@dataclass(frozen=True, slots=True)
class Section:
    """Rows of pictures; those of a row are made equally high so that they fill its width."""

    rows: Sequence[Sequence[Framed]]
    title: str = ""


def gallery(sections: Sequence[Section], width: int, tallest: float = 320) -> Image.Image:
    """Draw a sheet. A short row does not grow beyond `tallest`. Units: pixels."""
    rows = [_Row.of(row, width, tallest) for section in sections for row in section.rows]
    titles = sum(_TITLE_ROOM for section in sections if section.title)
    height = 2 * _MARGIN - _GAP + titles + sum(row.height + _GAP for row in rows)
    sheet = Image.new("RGB", (width, height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    top, laid = _MARGIN, iter(rows)
    for section in sections:
        if section.title:
            top = _draw_title(pen, section.title, top, width)
        for _ in section.rows:
            row = next(laid)
            row.draw(sheet, pen, top)
            top += row.height + _GAP
    return sheet


@dataclass(frozen=True, slots=True)
class _Row:
    """Pictures of one height, and the lines below each."""

    framed: Sequence[Framed]
    widths: Sequence[int]
    picture_height: int
    lines: Sequence[list[tuple[str, tuple[int, int, int]]]]

    @classmethod
    def of(cls, framed: Sequence[Framed], width: int, tallest: float) -> "_Row":
        room = width - 2 * _MARGIN - _GAP * (len(framed) - 1)
        tall = min(tallest, room / sum(one.aspect for one in framed))
        widths = [round(tall * one.aspect) for one in framed]
        lines = [_lines(one, wide) for one, wide in zip(framed, widths, strict=True)]
        return cls(framed, widths, round(tall), lines)

    @property
    def height(self) -> int:
        return self.picture_height + _GAP // 2 + _LINE * max(len(lines) for lines in self.lines)

    def draw(self, sheet: Image.Image, pen: ImageDraw.ImageDraw, top: int) -> None:
        left = _MARGIN
        for one, wide, lines in zip(self.framed, self.widths, self.lines, strict=True):
            size = wide, self.picture_height
            picture = Image.fromarray(one.picture)
            if picture.size != size:
                picture = picture.resize(size, Image.Resampling.LANCZOS)
            sheet.paste(picture, (left, top), _rounded(*size))
            for number, (line, ink) in enumerate(lines):
                below = top + self.picture_height + _GAP // 2 + number * _LINE
                pen.text((left, below), line, ink, font=_font(_TEXT))
            left += wide + _GAP


def _draw_title(pen: ImageDraw.ImageDraw, title: str, top: int, width: int) -> int:
    """Write a section's title over a fine line; returns where the section goes on."""
    under = top + _TITLE_ROOM - _GAP
    pen.text((_MARGIN, under - 10), title, _INK, font=_font(_TITLE), anchor="ls")
    pen.line((_MARGIN, under, width - _MARGIN - 1, under), fill=_RULE)
    return top + _TITLE_ROOM


def _lines(one: Framed, width: int) -> list[tuple[str, tuple[int, int, int]]]:
    """The prompt and its meaning; only the meaning where the font has no such letters."""
    told = [(one.prompt, _INK)] if set(one.prompt) <= CHARACTERS else []
    told += [(one.gloss, _FAINT)] if one.gloss else []
    return [(line, ink) for text, ink in told for line in wrapped(text, width)]


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most that width, cut short where they are too many."""
    lines, line = [], ""
    for word in _words(text):
        if line and _wide(line + word.rstrip()) > width and word not in _NO_STARTS:
            lines.append(line.rstrip())
            line = ""
        line += word
    lines.append(line.rstrip())
    if len(lines) > _MOST_LINES:
        last = lines[_MOST_LINES - 1]
        while last and _wide(last + " …") > width:
            last = last.rpartition(" ")[0]
        lines[_MOST_LINES - 1 :] = [last.rstrip(",.") + " …"]
    return lines


def _words(text: str) -> list[str]:
    """What lines may be broken between: English words with their space, single Chinese letters."""
    words, word = [], ""
    for letter in text:
        if letter.isascii():
            word += letter
            if letter != " ":
                continue
        words += [word] if word else []
        words += [] if letter.isascii() else [letter]
        word = ""
    return [*words, word] if word else words


def _wide(text: str) -> float:
    return _font(_TEXT).getlength(text)


@lru_cache(maxsize=2)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT, size, layout_engine=ImageFont.Layout.BASIC)


def _rounded(width: int, height: int) -> Image.Image:
    """A mask with round corners."""
    mask = Image.new("L", (width * _FINER, height * _FINER))
    box = (0, 0, width * _FINER - 1, height * _FINER - 1)
    ImageDraw.Draw(mask).rounded_rectangle(box, _ROUND * _FINER, fill=255)
    return mask.resize((width, height), Image.Resampling.BOX)
