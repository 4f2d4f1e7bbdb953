"""`seedbed weights pack`: the same bytes of the same weights, and it goes on after a stop."""

import subprocess
from pathlib import Path

import pytest

from pipelines.weights.archive import CONTENTS
from pipelines.weights.pack import cargo, contents_of, pack
from pipelines.weights.store import Store
from tests.pipelines.weights.archives import fingerprint, members
from tests.pipelines.weights.conftest import Site, spoil

UNET = "unet/model.safetensors"


def test_any_tar_can_look_into_it_and_it_is_the_same_bytes_each_time(
    archive: Path, site: Site
) -> None:
    listed = subprocess.run(["tar", "-tf", archive], capture_output=True, text=True, check=True)
    names = listed.stdout.splitlines()
    assert names[:4] == [CONTENTS, "weights.lock", "weights.toml", "licences/tiny.txt"]
    commit = site.entry().commit
    assert names[4:] == [f"weights/tiny/{commit}/{file.path}" for file in site.entry().files]
    assert b"Do what is fair." in dict(members(archive))["licences/tiny.txt"]
    site.good("pack", "again.tar")
    assert (site.folder / "again.tar").read_bytes() == archive.read_bytes()


def test_packing_prints_the_number_that_importing_may_ask_for(archive: Path, site: Site) -> None:
    lines = site.good("pack", "out.tar").stdout.splitlines()
    assert lines == ["out.tar", f"fingerprint {fingerprint(archive)}"]


@pytest.mark.parametrize("keep", [0.02, 0.5, 0.97, 1.0])
def test_packing_goes_on_after_a_stop(keep: float, archive: Path, site: Site) -> None:
    whole = archive.read_bytes()
    part = archive.with_name("more.tar.part")
    part.write_bytes(whole[: int(len(whole) * keep)])
    site.good("pack", "more.tar")
    assert archive.with_name("more.tar").read_bytes() == whole
    assert not part.exists()


@pytest.mark.parametrize("spoilt", [False, True])
@pytest.mark.parametrize("keep", [0, 0.5, 1.0])
def test_packing_tells_of_every_byte_once(
    keep: float, spoilt: bool, archive: Path, site: Site
) -> None:
    whole = bytearray(archive.read_bytes()[: int(archive.stat().st_size * keep)])
    if whole and spoilt:
        whole[20_000] ^= 1
    archive.with_name("more.tar.part").write_bytes(whole)
    store, lock = Store(site.store), site.folder / "weights.lock"
    goods = cargo(store, lock, site.folder / "weights.toml", (site.entry(),), None)
    told: list[int] = []
    pack(goods, archive.with_name("more.tar"), told.append)
    assert sum(told) == sum(one.member.size for one in (contents_of(goods), *goods))


def test_a_part_that_is_not_of_this_archive_is_written_over(archive: Path, site: Site) -> None:
    whole = archive.read_bytes()
    spoilt = bytearray(whole + b"longer than it will be")
    spoilt[30_000] ^= 1
    archive.with_name("more.tar.part").write_bytes(spoilt)
    site.good("pack", "more.tar")
    assert archive.with_name("more.tar").read_bytes() == whole


def test_a_tampered_store_is_not_packed(site: Site) -> None:
    spoil(site.installed() / UNET)
    assert "locked is" in site.bad("pack", "out.tar")
    assert not (site.folder / "out.tar").exists()


def test_what_is_not_installed_is_not_packed(locked_site: Site) -> None:
    assert "nothing is installed" in locked_site.bad("pack", "out.tar")
    assert "`seedbed weights fetch tiny` brings it" in locked_site.bad("pack", "out.tar", "tiny")
