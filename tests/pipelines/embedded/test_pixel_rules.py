"""The pixel rules: right on true renders as often as they must be, and able to say otherwise."""

from collections.abc import Callable

import numpy as np
import pytest

from pipelines.embedded.canvas import Frame
from pipelines.embedded.pixel_rules import (
    Piece,
    Settings,
    arrangement_of,
    colour_of,
    pieces,
    position_of,
    rim_of,
)
from pipelines.embedded.render import render
from pipelines.embedded.world import COLOURS, MOST_COUNTED, Scene, Thing, scene_from_seed
from pipelines.types import Pixels

Case = tuple[Scene, Pixels]

SMALL = Frame(128, 128)
EVEN = frozenset({"flat", "photo", "pixel"})
"""The styles that leave a plain ground plain."""


def cases(first: int, count: int, wanted: Callable[[Scene], bool]) -> list[Case]:
    """The first so many scenes of this kind, drawn."""
    found: list[Case] = []
    seed = first
    while len(found) < count:
        if wanted(scene := scene_from_seed(seed)):
            found.append((scene, render(scene, SMALL)))
        seed += 1
    return found


def share(verdicts: list[bool]) -> float:
    return float(np.mean(verdicts))


def as_drawn_by_a_model(picture: Pixels) -> Pixels:
    """A little noise, a little less contrast."""
    noise = np.random.default_rng(0).normal(0, 4, picture.shape)
    return np.clip(picture * 0.94 + 6 + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def single() -> list[Case]:
    """One coloured thing in the middle, in a style that keeps colours."""
    return cases(
        50_000, 70,
        lambda scene: scene.style in EVEN | {"neon", "impasto"} and scene.weather == "clear"
        and scene.main.colour is not None and scene.relation is None
        and scene.count == 1 and scene.position == "centre",
    )  # fmt: skip


@pytest.fixture(scope="module")
def before_plain() -> list[Case]:
    return cases(
        70_000, 56,
        lambda s: s.setting == "plain" and s.style in EVEN and s.relation is None,
    )  # fmt: skip


@pytest.fixture(scope="module")
def found(before_plain: list[Case]) -> list[tuple[Scene, list[Piece]]]:
    return [(scene, pieces(picture)) for scene, picture in before_plain]


@pytest.fixture(scope="module")
def settings() -> Settings:
    known = cases(1_000, 400, lambda scene: scene.style in EVEN)
    return Settings.learn(
        [picture for _, picture in known],
        [(scene.setting, scene.setting_colour) for scene, _ in known],
    )


def test_the_colour_of_a_thing_in_the_middle_is_read(single: list[Case]) -> None:
    assert share([colour_of(picture) == scene.main.colour for scene, picture in single]) > 0.9


def test_the_colour_of_a_picture_less_clean_than_a_render_is_read(single: list[Case]) -> None:
    read = [colour_of(as_drawn_by_a_model(p)) == s.main.colour for s, p in single[:40]]
    assert share(read) > 0.85


def test_a_thing_of_another_colour_is_not_taken_for_the_wanted_one() -> None:
    for n, colour in enumerate(COLOURS):
        other = COLOURS[(n + 5) % len(COLOURS)]
        ground = next(c for c in ("white", "black", "green") if c not in {colour, other})
        scene = Scene(n, (Thing("cat", other),), setting_colour=ground)
        assert colour_of(render(scene, SMALL)) == other != colour


def test_the_setting_of_new_pictures_is_read(settings: Settings, single: list[Case]) -> None:
    even = [case for case in single if case[0].style in EVEN]
    assert len(even) > 40
    assert share([settings.of(picture)[0] == scene.setting for scene, picture in even]) > 0.9


def test_the_colour_of_a_plain_ground_is_read(settings: Settings, before_plain: list[Case]) -> None:
    plain = [(scene, settings.of(picture)) for scene, picture in before_plain]
    assert share([read == ("plain", scene.setting_colour) for scene, read in plain]) > 0.8


def test_a_subject_in_the_wrong_setting_is_found_there(settings: Settings) -> None:
    for wanted, drawn in (("snow", "night"), ("sea", "forest"), ("room", "desert")):
        thing = (Thing("cat", "orange"),)
        for seed in range(3):
            scene = Scene(seed, thing, setting=drawn, setting_colour=None)
            assert settings.of(render(scene, SMALL))[0] == drawn != wanted


def test_the_rim_is_all_that_tells_the_setting() -> None:
    picture = render(Scene(1, (Thing("cat", "red"),), setting="sea", setting_colour=None), SMALL)
    covered = picture.copy()
    covered[:, 40:88] = 0
    assert np.array_equal(rim_of(picture), rim_of(covered))
    covered[:, :6] = 0
    assert not np.array_equal(rim_of(picture), rim_of(covered))


def test_things_before_a_plain_ground_are_counted(found: list[tuple[Scene, list[Piece]]]) -> None:
    assert share([len(seen) == scene.count for scene, seen in found]) > 0.9


def test_one_thing_more_or_less_is_counted_otherwise() -> None:
    for count in range(1, MOST_COUNTED + 1):
        scene = Scene(count, (Thing("apple", "red"),), count=count)
        picture = render(scene, SMALL)
        more, less = picture.copy(), picture.copy()
        more[2:20, 4:24] = (30, 60, 220)
        columns = np.abs(picture.astype(int) - picture[0, 0]).max((0, 2)) > 60
        first = int(np.flatnonzero(columns)[0])
        less[:, : first + int(np.flatnonzero(~columns[first:])[0])] = picture[0, 0]
        in_rows = 2 if count == MOST_COUNTED else 1
        assert [len(pieces(p)) for p in (picture, more, less)] == [
            count,
            count + 1,
            count - in_rows,
        ]


def test_noise_and_dust_are_no_things() -> None:
    ground = render(Scene(1, (Thing("apple", "red"),)), SMALL)[:1, :1].repeat(128, 0).repeat(128, 1)
    assert pieces(as_drawn_by_a_model(ground)) == []
    dusty = ground.copy()
    dusty[20:26, 20:26] = 0
    assert pieces(dusty) == []
    assert position_of([]) is None
    assert arrangement_of([]) is None


def test_the_place_of_a_single_thing_is_read(found: list[tuple[Scene, list[Piece]]]) -> None:
    alone = [(scene, seen) for scene, seen in found if scene.count == 1]
    assert share([position_of(seen) == scene.position for scene, seen in alone]) > 0.9


@pytest.mark.parametrize(
    ("position", "mirrored", "upside_down"),
    [("left", "right", "left"), ("right", "left", "right"), ("top", "top", "bottom"),
     ("bottom", "bottom", "top"), ("centre", "centre", "centre")],
)  # fmt: skip
def test_the_place_turns_with_the_picture(position: str, mirrored: str, upside_down: str) -> None:
    picture = render(Scene(2, (Thing("star", "blue"),), position=position), SMALL)
    turned = (picture, picture[:, ::-1], picture[::-1])
    assert [position_of(pieces(p)) for p in turned] == [position, mirrored, upside_down]


def test_how_two_things_stand_and_their_colours_are_read() -> None:
    pairs = cases(
        80_000, 36,
        lambda s: s.setting == "plain" and s.style in EVEN and s.relation is not None,
    )  # fmt: skip
    read = [(scene, arrangement_of(pieces(picture))) for scene, picture in pairs]
    right = [
        seen == (scene.relation, *(thing.colour for thing in scene.things)) for scene, seen in read
    ]
    assert share(right) > 0.85


def test_two_things_the_other_way_round_are_read_the_other_way_round() -> None:
    things = (Thing("circle", "red"), Thing("square", "blue"))
    beside = render(Scene(1, things, relation="beside"), SMALL)
    above = render(Scene(1, things, relation="above"), SMALL)
    assert arrangement_of(pieces(beside)) == ("beside", "red", "blue")
    assert arrangement_of(pieces(beside[:, ::-1])) == ("beside", "blue", "red")
    assert arrangement_of(pieces(above[::-1])) == ("above", "blue", "red")
    assert arrangement_of(pieces(above.transpose(1, 0, 2))) == ("beside", "red", "blue")
