"""`seedbed weights rm`: what is here, what was only begun, and what a stop left behind."""

from pathlib import Path

from tests.pipelines.weights.conftest import Site, model_files


def test_a_new_revision_lies_beside_the_old_one_until_it_is_removed(site: Site) -> None:
    old = site.installed()
    site.hub.add("lab/tiny", model_files(seed=3))
    site.good("lock", "--upgrade", "tiny")
    assert site.state() == "other revision"
    site.good("fetch", "tiny")
    assert site.state() == "installed"
    assert old.is_dir()
    assert "is here, but not in weights.lock" in site.bad("verify", "--strict")
    assert old.name in site.good("rm", "--unused").stderr
    assert not old.exists()
    site.good("verify", "--strict")


def test_rm_takes_weights_away_and_names_what_is_not_there(site: Site) -> None:
    assert "'tny' is not here; here are: tiny" in site.bad("rm", "tny")
    assert "say which weights: tiny" in site.bad("rm")
    site.good("rm", "tiny")
    assert site.state() == "missing"
    assert sorted(path.name for path in site.store.iterdir() if path.name[0] != ".") == []
    assert site.good("licenses", "--json").json[0]["installed"] is None


def begin(site: Site, name: str, revision: str) -> Path:
    """A download that was stopped."""
    part = site.store / ".staging" / name / revision / "unet/model.safetensors.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(5_000))
    return part


def test_rm_takes_away_what_was_only_begun(locked_site: Site) -> None:
    part = begin(locked_site, "tiny", locked_site.entry().commit)
    assert locked_site.state() == "begun (8 %)"
    assert "say which weights: tiny" in locked_site.bad("rm")
    assert "5,000 B freed" in locked_site.good("rm", "tiny").stderr
    assert not part.exists()
    assert locked_site.state() == "missing"


def test_unused_is_what_was_begun_and_is_no_longer_wanted_too(site: Site) -> None:
    wanted = begin(site, "tiny", site.entry().commit)
    old, other = begin(site, "tiny", "1" * 40), begin(site, "gone", "2" * 40)
    site.good("rm", "--unused")
    assert wanted.exists()
    assert not old.exists()
    assert not other.exists()
    assert site.installed().is_dir()


def test_what_a_stopped_command_was_deleting_is_deleted_by_the_next(site: Site) -> None:
    for name in (f".leaving-tiny-{site.entry().commit}", ".leaving-wheels"):
        (site.store / ".staging" / name / "unet").mkdir(parents=True)
        (site.store / ".staging" / name / "unet/model.safetensors").write_bytes(b"half")
    site.good("rm", "tiny")
    assert list((site.store / ".staging").iterdir()) == []
