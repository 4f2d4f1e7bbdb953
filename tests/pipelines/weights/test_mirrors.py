"""Mirrors in weights.toml and weights.lock: asked in their order, believed no more than others."""

import json

import pytest

from pipelines.weights.errors import LockBroken
from pipelines.weights.lock import parse_lock, read_lock, render_lock
from pipelines.weights.names import Mirror, mirror
from pipelines.weights.store import Store
from tests.pipelines.weights.conftest import Site, model_files
from tests.pipelines.weights.hub import Misdeed
from tests.pipelines.weights.test_fetch import UNET, is_whole, nothing_installed

SCOPE = "elsewhere/tiny-copy"


def with_mirrors(site: Site, *mirrors: str) -> None:
    """Write weights.toml so that it names them."""
    site.want("tiny")
    file = site.folder / "weights.toml"
    file.write_text(f"{file.read_text()}mirrors = {json.dumps(mirrors)}\n")


def on_modelscope(site: Site) -> str:
    """Put the same files onto ModelScope; returns how a mirror there is written."""
    copy = site.hub.add(SCOPE, model_files())
    return f"modelscope://{SCOPE}@{copy.commit}"


@pytest.fixture
def scope(empty_site: Site, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Settings under which ModelScope is on the loopback address too."""
    return {"MODELSCOPE_ENDPOINT": empty_site.hub.url}


@pytest.fixture
def mirrored(empty_site: Site, scope: dict[str, str]) -> Site:
    with_mirrors(empty_site, on_modelscope(empty_site))
    empty_site.good("lock", **scope)
    empty_site.hub.asked.clear()
    return empty_site


def from_modelscope(site: Site) -> list[str]:
    return [one.path for one in site.hub.asked if one.path.startswith("/api/v1/")]


def test_a_lock_keeps_the_mirrors_in_their_order(mirrored: Site) -> None:
    (said,) = mirrored.entry().mirrors
    assert said == f"modelscope://{SCOPE}@{mirrored.hub.repositories[SCOPE].commit}"
    text = (mirrored.folder / "weights.lock").read_text()
    assert text.count(f'\nmirrors = ["{said}"]\n') == 1
    assert render_lock(parse_lock(text)) == text
    with_mirrors(mirrored, said, "https://mirror.example/store")
    mirrored.good("lock", MODELSCOPE_ENDPOINT=mirrored.hub.url)
    assert mirrored.entry().mirrors == (said, "https://mirror.example/store")


def test_the_hub_is_asked_first(mirrored: Site, scope: dict[str, str]) -> None:
    mirrored.good("fetch", "tiny", **scope)
    assert is_whole(mirrored)
    assert from_modelscope(mirrored) == []


def test_a_hub_that_is_gone_costs_one_question_and_the_mirror_brings_all(
    mirrored: Site, scope: dict[str, str]
) -> None:
    commit = mirrored.entry().commit
    del mirrored.hub.repositories["lab/tiny"]
    done = mirrored.good("fetch", "tiny", "--jobs", "1", **scope)
    assert is_whole(mirrored)
    assert len([one for one in mirrored.hub.asked if commit in one.path]) == 1
    assert f"going on with {mirrored.hub.url}/models/{SCOPE}" in done.stderr
    record = Store(mirrored.store).records()["tiny"]
    assert record["source"].endswith(f"/models/{SCOPE}")


def test_a_mirror_goes_on_where_the_hub_broke_off(mirrored: Site, scope: dict[str, str]) -> None:
    mirrored.hub.misdeeds[UNET] = (Misdeed(cut_after=20_000), Misdeed(status=503))
    mirrored.good("fetch", "tiny", "--jobs", "1", **scope)
    assert is_whole(mirrored)
    (resumed,) = [one.range for one in mirrored.hub.asked if "/api/v1/" in one.path and one.range]
    assert resumed == "bytes=20000-"


def test_wrong_bytes_of_the_hub_are_fetched_from_the_mirror(
    mirrored: Site, scope: dict[str, str]
) -> None:
    mirrored.hub.misdeeds[UNET] = (Misdeed(flip=900),)
    done = mirrored.good("fetch", "tiny", **scope)
    assert is_whole(mirrored)
    assert "has sha256" in done.stderr


def test_a_mirror_with_wrong_bytes_is_refused_by_name(
    mirrored: Site, scope: dict[str, str]
) -> None:
    del mirrored.hub.repositories["lab/tiny"]
    mirrored.hub.misdeeds[UNET] = (Misdeed(times=9, flip=900),)
    said = mirrored.bad("fetch", "tiny", **scope)
    assert f"{UNET} from {mirrored.hub.url}/models/{SCOPE} has sha256" in said
    assert nothing_installed(mirrored)


def test_another_repository_of_the_hub_is_a_mirror(empty_site: Site) -> None:
    copy = empty_site.hub.add("mirrors/tiny", model_files())
    with_mirrors(empty_site, f"hf://mirrors/tiny@{copy.commit}")
    empty_site.good("lock")
    del empty_site.hub.repositories["lab/tiny"]
    empty_site.good("fetch", "tiny")
    assert is_whole(empty_site)


def test_of_several_mirrors_the_next_is_asked_when_one_fails(
    empty_site: Site, scope: dict[str, str]
) -> None:
    with_mirrors(empty_site, "http://127.0.0.1:9/store", on_modelscope(empty_site))
    empty_site.good("lock", **scope)
    del empty_site.hub.repositories["lab/tiny"]
    done = empty_site.good("fetch", "tiny", **scope)
    assert is_whole(empty_site)
    assert "going on with http://127.0.0.1:9/store" in done.stderr


def test_from_says_where_from_and_asks_no_mirror(mirrored: Site, scope: dict[str, str]) -> None:
    said = mirrored.bad("fetch", "tiny", "--from", str(mirrored.folder), **scope)
    assert "is not in" in said
    assert mirrored.hub.asked == []


@pytest.mark.parametrize(
    ("path", "lie", "complaint"),
    [
        (UNET, {"Sha256": "0" * 64}, f"has {UNET} with 50"),
        ("unet/config.json", {"Size": 7}, "has unet/config.json with 7 bytes"),
        ("unet/config.json", {"Path": "renamed.json"}, "does not have unet/config.json"),
    ],
)
def test_a_mirror_that_lists_other_files_is_not_locked(
    path: str, lie: dict[str, object], complaint: str, empty_site: Site, scope: dict[str, str]
) -> None:
    with_mirrors(empty_site, on_modelscope(empty_site))
    empty_site.hub.repositories[SCOPE].lie_about[path] = lie
    assert complaint in empty_site.bad("lock", **scope)
    assert not (empty_site.folder / "weights.lock").exists()


def test_a_mirror_that_is_not_there_is_named(empty_site: Site, scope: dict[str, str]) -> None:
    with_mirrors(empty_site, f"modelscope://nobody/nothing@{'0' * 40}")
    assert "the list of nobody/nothing" in empty_site.bad("lock", **scope)
    with_mirrors(empty_site, f"modelscope://nobody/nothing@{'0' * 40}")
    nowhere = {"MODELSCOPE_ENDPOINT": "http://127.0.0.1:9"}
    assert "does not answer" in empty_site.bad("lock", **nowhere)


def test_how_mirrors_are_written() -> None:
    commit = "a" * 40
    assert mirror(f"modelscope://Qwen/x@{commit}") == Mirror("modelscope", "Qwen/x", commit)
    assert mirror("https://box.lan:8443/a/b/") == Mirror("https", "https://box.lan:8443/a/b")


@pytest.mark.parametrize(
    "text",
    [
        "modelscope://Qwen/x",
        "modelscope://Qwen/x@main",
        f"modelscope://Qwen/..@{'a' * 40}",
        "ftp://box/x",
        "file:///etc",
        "https://",
        "https://user@box/store",
        "https://box/store?token=1",
        "Qwen/x",
    ],
)
def test_a_mirror_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(LockBroken, match=r"must be modelscope://owner/name@commit"):
        mirror(text)


def test_a_lock_with_a_mirror_that_is_none_is_refused(mirrored: Site) -> None:
    file = mirrored.folder / "weights.lock"
    file.write_text(file.read_text().replace("modelscope://", "gopher://"))
    with pytest.raises(LockBroken, match="mirror 'gopher"):
        read_lock(file)
