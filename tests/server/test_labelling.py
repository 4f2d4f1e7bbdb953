"""What a site may set about labels, and what it is told when that is wrong."""

import asyncio
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.catalog import embedded_catalog
from pipelines.errors import TooSmall
from pipelines.label.label import CHINESE, ENGLISH, Label
from pipelines.types import Size
from server.assembly import build_publishing, build_service
from server.draft import Customs, Draft
from server.labelling import Labelling, load_logo
from server.plan import Plan
from server.settings import SettingsError, load
from server.store.files import FileStore
from server.terminal import CommandError
from tests.server.drawer import Drawer


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("a cat", ENGLISH),
        ("", ENGLISH),
        ("ein Mädchen, ещё кот, ねこ, 고양이", ENGLISH),
        ("cat 猫", CHINESE),
        ("㐀", CHINESE),
        ("𠀀", CHINESE),
        ("，。！", ENGLISH),
    ],
)
def test_one_chinese_character_makes_the_label_chinese(prompt: str, words: str) -> None:
    assert Labelling().label(prompt, Size(512, 512)).text == words


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the label's text is empty"),
        ("  ", "the label's text is empty"),
        ("AI 龘", "the label's font cannot draw '龘' of 'AI 龘'"),
        ("two\nlines", r"cannot draw '\\n' of 'two\\nlines'"),
    ],
)
def test_a_text_that_cannot_be_drawn_is_refused_at_the_start(text: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        load({"label_text": text})


@pytest.mark.parametrize("name", ["label_style", "label_corner", "label_language"])
def test_a_look_that_does_not_exist_is_refused_with_those_that_do(name: str) -> None:
    with pytest.raises(SettingsError, match=f"--{name.replace('_', '-')}=x: Input should be '"):
        load({name: "x"})


def test_a_logo_that_is_not_there_or_none_is_named_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"label_logo=.*logo.png: No such file"):
        load_logo(tmp_path / "logo.png")
    (tmp_path / "logo.png").write_bytes(b"GIF89a")
    with pytest.raises(CommandError, match=r"label_logo=.*logo.png: the logo cannot be read"):
        load_logo(tmp_path / "logo.png")
    assert load_logo(None) is None


def test_what_is_set_is_what_pictures_are_labelled_with(drawer: Drawer, tmp_path: Path) -> None:
    logo = tmp_path / "logo.png"
    Image.fromarray(np.full((8, 16, 4), 200, np.uint8)).save(logo)
    settings = load(
        {"label_text": "本公司 · AI生成", "label_style": "compact", "label_corner": "top-left"}
        | {"label_logo": str(logo)}
    ).settings

    async def plan() -> Plan:
        publishing = build_publishing(settings, (), None, keeps=False)
        files = FileStore(tmp_path)
        service = build_service(settings, embedded_catalog(), drawer, files, publishing)
        with closing(service):
            draft = Draft(model="gpt-image-1", prompt="a cat", watermark=True)
            drawing = service.start(draft, Customs("png"), client="tester")
            drawing.cancel()
            return drawing.plan

    expected = Label("本公司 · AI生成", "compact", "top-left", load_logo(logo))
    assert asyncio.run(plan()).finish.label == expected


def test_where_it_must_conform_the_label_is_chinese_whatever_the_prompt(
    drawer: Drawer, tmp_path: Path
) -> None:
    settings = load({"compliance": "cn", "label_language": "en"}).settings

    async def plan() -> Plan:
        publishing = build_publishing(settings, (), None, keeps=False)
        files = FileStore(tmp_path)
        service = build_service(settings, embedded_catalog(), drawer, files, publishing)
        with closing(service):
            draft = Draft(model="gpt-image-1", prompt="a cat")
            drawing = service.start(draft, Customs("png"), client="tester")
            drawing.cancel()
            return drawing.plan

    label = asyncio.run(plan()).finish.label
    assert label is not None, "also where nothing was said"
    assert label.text == "AI生成"


def test_a_label_that_a_picture_cannot_hold_is_refused_before_anything_is_drawn(
    drawer: Drawer, tmp_path: Path
) -> None:
    settings = load({"label_text": "AI generated " * 8}).settings

    async def plan(size: str) -> None:
        publishing = build_publishing(settings, (), None, keeps=False)
        files = FileStore(tmp_path)
        service = build_service(settings, embedded_catalog(), drawer, files, publishing)
        with closing(service):
            draft = Draft(model="seedbed", prompt="a cat", size=size, watermark=True)
            service.start(draft, Customs("png"), client="tester").cancel()

    asyncio.run(plan("512x512"))
    with pytest.raises(TooSmall, match="a picture of 64x64 pixels is too small for the label"):
        asyncio.run(plan("64x64"))
