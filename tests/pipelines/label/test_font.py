"""The bundled font has what labels are written in, and is shipped with its licence."""

from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from setuptools import Distribution
from setuptools.config.pyprojecttoml import apply_configuration

from pipelines.label.charset import CHARACTERS
from pipelines.label.lettering import FONT
from pipelines.label.subset import subset

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def font() -> TTFont:
    return TTFont(FONT)


def test_the_font_has_exactly_the_characters_that_a_label_may_have(font: TTFont) -> None:
    assert set(map(chr, font.getBestCmap())) == CHARACTERS
    assert set(map(chr, range(0x20, 0x7F))) <= CHARACTERS
    assert set("人工智能生成合成内容由图片视频仅供参考模型©®™·|—、。（）【】") <= CHARACTERS


def test_every_character_but_the_spaces_has_an_outline(font: TTFont) -> None:
    glyphs = font.getGlyphSet()
    outlines = font["CFF "].cff.topDictIndex[0].CharStrings
    for code, name in font.getBestCmap().items():
        bounds = outlines[name].calcBounds(glyphs)
        assert (bounds is None) == chr(code).isspace(), chr(code)


def test_the_font_is_small_and_says_its_licence(font: TTFont) -> None:
    assert FONT.stat().st_size < 70_000
    names = font["name"]
    assert "Adobe" in names.getDebugName(0)
    assert "SIL Open Font License, Version 1.1" in names.getDebugName(13)
    assert font["OS/2"].fsType == 0, "may be embedded and cut down"


def test_the_licence_lies_beside_the_font() -> None:
    text = (FONT.parent / "OFL.txt").read_text()
    for words in ("Copyright 2014-2021 Adobe", "PERMISSION & CONDITIONS", "FROM, OUT OF THE USE"):
        assert words in text


def test_the_package_has_the_font_and_its_licence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    package = Distribution()
    apply_configuration(package, REPOSITORY / "pyproject.toml")
    build = package.get_command_obj("build_py")
    build.ensure_finalized()
    build.manifest_files = {}
    shipped = build.find_data_files("pipelines.label", "pipelines/label")
    assert {Path(name) for name in shipped} == {
        FONT.relative_to(REPOSITORY),
        Path("pipelines/label/font/OFL.txt"),
    }


def test_cutting_the_font_once_more_changes_nothing(tmp_path: Path) -> None:
    subset(FONT, "").save(tmp_path / "again.otf")
    again = TTFont(tmp_path / "again.otf")
    assert again.getBestCmap() == TTFont(FONT).getBestCmap()
    assert (tmp_path / "again.otf").stat().st_size == pytest.approx(FONT.stat().st_size, rel=0.02)


def test_a_font_that_lacks_characters_is_not_taken(tmp_path: Path) -> None:
    poor = TTFont(FONT)
    for table in poor["cmap"].tables:
        table.cmap.pop(ord("生"), None)
    poor.save(tmp_path / "poor.otf")
    with pytest.raises(ValueError, match="lacks '生'"):
        subset(tmp_path / "poor.otf", "poor")
