"""Settings, weather and vistas: each draws something that is not there without it."""

import random
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from pipelines.embedded.canvas import Frame, pixels, surface
from pipelines.embedded.render import render
from pipelines.embedded.settings import SETTINGS as DRAWN
from pipelines.embedded.settings import Stage
from pipelines.embedded.weather import before, behind
from pipelines.embedded.world import OPEN_AIR, SETTINGS, VISTAS, WEATHERS, Scene, Thing
from pipelines.types import Pixels

CAT = Scene(seed=3, things=(Thing("cat", "orange"),), setting="meadow", setting_colour=None)
SMALL = Frame(128, 128)
SKY = np.s_[:48]
"""Above what stands at the bottom."""
VISTA_SETTINGS = ("meadow", "night", "sunset", "snow", "autumn")


def drawn(scene: Scene) -> Pixels:
    return render(scene, SMALL)


def empty(setting: str, weather: str = "clear", seed: int = 3) -> Pixels:
    """A setting in which nothing stands."""
    rng = random.Random(seed)
    made, canvas = surface(SMALL)
    DRAWN[setting](Stage(canvas, SMALL, rng.uniform(0.58, 0.7), rng))
    behind(canvas, weather, SMALL, rng)
    before(canvas, weather, SMALL, rng)
    return pixels(made)[..., :3]


def apart(a: Pixels, b: Pixels) -> float:
    return float(np.abs(a.astype(float) - b).mean())


def test_every_setting_of_the_grammar_is_drawn() -> None:
    assert {*DRAWN, "plain"} == set(SETTINGS)


@pytest.mark.parametrize("setting", DRAWN)
def test_a_scene_stands_in_its_setting(setting: str) -> None:
    scene = replace(CAT, setting=setting, position="bottom")
    assert np.array_equal(drawn(scene)[SKY], empty(setting)[SKY])


def test_every_setting_looks_its_own() -> None:
    pictures = {setting: empty(setting) for setting in DRAWN}
    unlike = {pair: apart(*map(pictures.__getitem__, pair)) for pair in combinations(pictures, 2)}
    assert min(unlike.values()) > 12, sorted(unlike.items(), key=lambda pair: pair[1])[:3]
    assert all((picture.std((0, 1)).max() > 10) for picture in pictures.values()), "a plain ground"


@pytest.mark.parametrize("setting", DRAWN)
def test_a_setting_varies_from_scene_to_scene(setting: str) -> None:
    assert apart(empty(setting, seed=3), empty(setting, seed=4)) > 1


@pytest.mark.parametrize("weather", WEATHERS[1:])
@pytest.mark.parametrize("setting", sorted(OPEN_AIR))
def test_weather_is_seen_in_every_open_setting(weather: str, setting: str) -> None:
    assert apart(empty(setting, weather), empty(setting)) > 4


@pytest.mark.parametrize(
    ("weather", "behind_it", "before_it"),
    [
        ("clear", False, False),
        ("rain", True, True),
        ("fog", False, True),
        ("rainbow", True, False),
    ],
)
def test_fog_drifts_before_the_subject_and_a_rainbow_stands_behind_it(
    weather: str, behind_it: bool, before_it: bool
) -> None:
    for draw, seen in ((behind, behind_it), (before, before_it)):
        made, canvas = surface(SMALL)
        draw(canvas, weather, SMALL, random.Random(0))
        assert (pixels(made)[..., 3].mean() > 5) == seen


@pytest.mark.parametrize("weather", WEATHERS)
def test_a_scene_has_its_weather(weather: str) -> None:
    scene = replace(CAT, setting="snow", position="bottom")
    clear = drawn(scene)[SKY]
    assert (apart(drawn(replace(scene, weather=weather))[SKY], clear) > 4) == (weather != "clear")


def test_a_rainbow_is_of_many_colours_and_rain_is_grey() -> None:
    def vivid(weather: str) -> float:
        return float((np.ptp(empty("snow", weather).astype(int), axis=2) > 90).mean())

    assert vivid("rainbow") > 0.05 > vivid("rain")


@pytest.mark.parametrize(("subject", "shaded"), [("house", True), ("balloon", False)])
def test_what_stands_on_the_ground_shades_it_and_what_floats_does_not(
    subject: str, shaded: bool
) -> None:
    scene = replace(CAT, things=(Thing(subject, "red"),), position="left")
    share = drawn(scene).astype(float) / (empty("meadow").astype(float) + 1)
    evenly_darker = (np.ptp(share, axis=2) < 0.02) & (share.max(2) < 0.96) & (share.min(2) > 0.5)
    assert (evenly_darker.mean() > 0.002) == shaded


@pytest.mark.parametrize("vista", VISTAS)
def test_a_vista_fills_the_picture_in_every_setting_it_has(vista: str) -> None:
    for setting in VISTA_SETTINGS:
        scene = replace(CAT, things=(Thing(vista, None),), setting=setting)
        picture, without = drawn(scene), empty(setting)
        lower = np.abs(picture[64:].astype(float) - without[64:]).max(-1) > 12
        assert lower.mean() > 0.6
        thirds = [lower[:, left : left + 42].mean() for left in (0, 43, 86)]
        assert min(thirds) > 0.4


def test_every_vista_looks_its_own() -> None:
    for setting in VISTA_SETTINGS:
        scenes = [replace(CAT, things=(Thing(v, None),), setting=setting) for v in VISTAS]
        assert min(apart(*pair) for pair in combinations(map(drawn, scenes), 2)) > 8


def test_at_night_the_citys_windows_are_lit() -> None:
    city = replace(CAT, things=(Thing("city", None),))

    def yellow(setting: str) -> float:
        picture = drawn(replace(city, setting=setting)).astype(int)
        return float(((picture[..., 0] > 200) & (picture[..., 2] < 160)).mean())

    assert yellow("night") > 0.02 > yellow("meadow")
