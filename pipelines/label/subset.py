"""Cuts a font down to the characters of labels: `python -m pipelines.label.subset FONT`.

FONT is Noto Sans CJK (SIL Open Font License 1.1), a single font or a collection, as in Debian's
package fonts-noto-cjk. Needs fonttools, which is there for developers; nothing else asks for it.
"""

import argparse
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection, TTFont

from pipelines.label.charset import CHARACTERS
from pipelines.label.lettering import FONT

_FULL_NAME = 4
_KEPT_NAMES = [*range(8), 13, 14]
"""Copyright, family and version, trademark, licence and its address. Source: OpenType, `name`."""


def subset(source: Path, face: str) -> TTFont:
    """Read the face of that full name and drop everything that labels do not need.

    Raises: ValueError: the file has no such face, or the face lacks characters.
    """
    font = _face(source, face)
    missing = {ord(character) for character in CHARACTERS} - font.getBestCmap().keys()
    if missing:
        raise ValueError(f"{face} lacks {''.join(sorted(map(chr, missing)))!r}")
    options = Options()
    options.layout_features = []
    options.name_IDs = _KEPT_NAMES
    options.name_languages = [0x409]
    options.notdef_outline = True
    options.hinting = True
    options.drop_tables += ["BASE", "DSIG", "GDEF", "GPOS", "GSUB", "VORG", "vhea", "vmtx"]
    cutter = Subsetter(options)
    cutter.populate(text="".join(sorted(CHARACTERS)))
    cutter.subset(font)
    return font


def _face(source: Path, face: str) -> TTFont:
    if source.suffix not in (".ttc", ".otc"):
        return TTFont(source, recalcTimestamp=False)
    for font in TTCollection(source, recalcTimestamp=False).fonts:
        if font["name"].getDebugName(_FULL_NAME) == face:
            return font
    raise ValueError(f"{source} has no face {face!r}")


def main() -> None:
    """Write the bundled font anew."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("font", type=Path)
    parser.add_argument("--face", default="Noto Sans CJK SC", help="its name in a collection")
    options = parser.parse_args()
    subset(options.font, options.face).save(FONT)


if __name__ == "__main__":
    main()
