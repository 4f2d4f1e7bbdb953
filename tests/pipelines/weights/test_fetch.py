"""`seedbed weights fetch`: exactly the locked bytes, whatever networks, disks or people do."""

import hashlib
import json
import os.path
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from pipelines.weights.errors import SourceFailed
from pipelines.weights.lock import LockedFile, LockedWeights
from pipelines.weights.receive import Patience, Receiver, Supply
from tests.pipelines.weights.commander import hub_environment
from tests.pipelines.weights.conftest import Site, model_files, spoil
from tests.pipelines.weights.hub import Misdeed
from tests.running import SEEDBED, plain_environment

UNET = "unet/model.safetensors"


def installed_files(site: Site, name: str = "tiny") -> dict[str, bytes]:
    folder = site.installed(name)
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def is_whole(site: Site, seed: int = 0) -> bool:
    wanted = model_files(seed)
    return installed_files(site) == {f.path: wanted[f.path] for f in site.entry().files}


def nothing_installed(site: Site) -> bool:
    return not site.installed().exists() and site.state() != "installed"


def test_exactly_the_locked_files_come_and_the_folder_is_told(locked_site: Site) -> None:
    done = locked_site.good("fetch", "tiny")
    assert is_whole(locked_site)
    assert done.stdout == f"{os.path.relpath(locked_site.installed(), locked_site.folder)}\n"
    assert "licence Apache-2.0" in done.stderr
    assert "5/5 tiny " in done.stderr
    assert not list((locked_site.store / ".staging").iterdir())


def test_what_is_installed_is_not_fetched_again(site: Site) -> None:
    assert "installed already" in site.good("fetch", "--profile", "8gb").stderr
    assert site.hub.asked == []


def test_a_fetch_says_which_weights_and_knows_only_those_of_the_lock(locked_site: Site) -> None:
    assert "say which weights: ids (tiny)" in locked_site.bad("fetch")
    assert "'tny' is not in weights.lock; there are: tiny" in locked_site.bad("fetch", "tny")
    assert "there are: ['8gb']" in locked_site.bad("fetch", "--profile", "9gb")


def test_a_cut_connection_goes_on_where_it_broke(locked_site: Site) -> None:
    locked_site.hub.misdeeds[UNET] = (Misdeed(cut_after=20_000),)
    locked_site.good("fetch", "tiny")
    assert is_whole(locked_site)
    ranges = [one.range for one in locked_site.hub.asked if "/large/" in one.path]
    assert any(said and said != "bytes=0-" for said in ranges)


def test_a_source_without_ranges_serves_too(locked_site: Site) -> None:
    misdeeds = (Misdeed(cut_after=20_000), Misdeed(no_ranges=True))
    locked_site.hub.misdeeds[UNET] = misdeeds
    locked_site.good("fetch", "tiny")
    assert is_whole(locked_site)
    assert [one.times for one in misdeeds] == [-1, 0]


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_source_is_asked_again_when_it_said(status: int, locked_site: Site) -> None:
    locked_site.hub.misdeeds[UNET] = (Misdeed(times=2, status=status, retry_after="0"),)
    locked_site.good("fetch", "tiny")
    assert is_whole(locked_site)


@pytest.mark.parametrize(
    ("misdeed", "complaint"),
    [
        (Misdeed(times=9, flip=30_000), "locked is"),
        (Misdeed(times=9, shorten=1), "the source has 50,075 bytes, 50,076 are locked"),
        (Misdeed(times=9, shorten=-1), "the source has 50,077 bytes, 50,076 are locked"),
        (Misdeed(times=9, shorten=-1, unsaid=True), "is longer than the 50,076 bytes"),
        (Misdeed(times=9, status=404), "the source does not have it; was the revision renamed"),
        (Misdeed(times=9, status=403), "the source refuses"),
        (Misdeed(times=9, status=401), "set HF_TOKEN"),
    ],
    ids=["wrong bytes", "short", "long", "long unsaid", "404", "403", "401"],
)
def test_a_source_that_is_wrong_is_named_and_nothing_is_installed(
    misdeed: Misdeed, complaint: str, locked_site: Site
) -> None:
    locked_site.hub.misdeeds[UNET] = (misdeed,)
    said = locked_site.bad("fetch", "tiny")
    assert complaint in said
    assert f"tiny: {UNET}" in said
    assert nothing_installed(locked_site)
    locked_site.hub.misdeeds.clear()
    locked_site.good("fetch", "tiny")
    assert is_whole(locked_site)


class Stalling:
    """A source that gives a few bytes once, and then none."""

    name = "nowhere"

    def __init__(self) -> None:
        self.asked: list[int] = []

    @contextmanager
    def open(
        self, entry: LockedWeights, file: LockedFile, offset: int
    ) -> Iterator[Iterator[bytes]]:
        self.asked.append(offset)
        yield iter([] if offset else [b"abc"])


class Nobody:
    """Progress that nobody looks at."""

    def at(self, entry: LockedWeights, file: LockedFile, done: int) -> None:
        pass

    def finished(self, entry: LockedWeights, file: LockedFile) -> None:
        pass

    def moved_on(self, fault: Exception, source: str) -> None:
        pass


def test_a_source_that_gives_no_more_is_given_up_and_its_bytes_kept(
    locked_site: Site, tmp_path: Path
) -> None:
    source, target = Stalling(), tmp_path / "x"
    receiver = Receiver(Supply((source,)), Nobody(), Event(), Patience(attempts=3, pause_s=0))
    with pytest.raises(SourceFailed, match="ended after 3 bytes; given up after 3 attempts"):
        receiver.receive(locked_site.entry(), locked_site.entry().by_path[UNET], target)
    assert source.asked == [0, 3, 3, 3]
    assert (tmp_path / "x.part").read_bytes() == b"abc"
    assert not target.exists()


def test_a_part_that_was_spoilt_on_our_disk_is_fetched_from_the_beginning(
    locked_site: Site,
) -> None:
    part = locked_site.store / ".staging/tiny" / locked_site.entry().commit / f"{UNET}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 20_000)
    locked_site.good("fetch", "tiny")
    assert is_whole(locked_site)
    ranges = [one.range for one in locked_site.hub.asked if "/large/" in one.path]
    assert "bytes=20000-" in ranges
    assert ranges.count(None) == 2


def test_what_does_not_belong_into_the_staging_folder_never_gets_installed(
    locked_site: Site,
) -> None:
    staging = locked_site.store / ".staging/tiny" / locked_site.entry().commit
    (staging / "unet").mkdir(parents=True)
    (staging / "unet/code.py").write_text("import os")
    (staging / "model_index.json").symlink_to("/etc/hostname")
    (staging / UNET).write_bytes(b"x" * 50_101)
    locked_site.good("fetch", "tiny")
    assert is_whole(locked_site)


def test_a_killed_fetch_goes_on(locked_site: Site, tmp_path: Path) -> None:
    hub, last = locked_site.hub, "model_index.json"
    hub.misdeeds[last] = (Misdeed(hold_after=3),)
    environment = plain_environment() | hub_environment(hub.url, tmp_path / "home")
    command = [SEEDBED, "weights", "fetch", "tiny", "--jobs", "1"]
    with subprocess.Popen(
        command, cwd=locked_site.folder, env=environment, stderr=subprocess.DEVNULL
    ) as process:
        assert hub.held.wait(60)  # one file at a time, the largest first
        process.send_signal(signal.SIGKILL)
    hub.released.set()
    assert nothing_installed(locked_site)
    assert locked_site.state() == "begun (99 %)"
    hub.asked.clear()
    assert "came before" in locked_site.good("fetch", "tiny").stderr
    assert is_whole(locked_site)
    assert not [one for one in hub.asked if "/large/" in one.path]


def test_ctrl_c_is_quiet_and_keeps_what_came(locked_site: Site, tmp_path: Path) -> None:
    hub = locked_site.hub
    hub.misdeeds["unet/config.json"] = (Misdeed(hold_after=1),)
    environment = plain_environment() | hub_environment(hub.url, tmp_path / "home")
    command = [SEEDBED, "weights", "fetch", "tiny", "--jobs", "1"]
    with subprocess.Popen(
        command, cwd=locked_site.folder, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert hub.held.wait(60)
        process.send_signal(signal.SIGINT)
        hub.released.set()
        _, said = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in said
    assert nothing_installed(locked_site)
    locked_site.good("fetch", "tiny")
    assert is_whole(locked_site)


def test_a_disk_that_is_too_small_is_seen_before_the_first_byte(locked_site: Site) -> None:
    file = locked_site.folder / "weights.lock"
    size = locked_site.entry().by_path[UNET].size
    huge = 10**16
    total = locked_site.entry().size
    text = file.read_text().replace(f"size = {size},", f"size = {huge},")
    file.write_text(text.replace(f"size = {total}\n", f"size = {total - (size or 0) + huge}\n"))
    said = locked_site.bad("fetch", "tiny")
    assert "GB free; 10,000,000.00 GB are needed" in said
    assert locked_site.hub.asked == []


def test_a_disk_that_fills_up_keeps_what_came(locked_site: Site) -> None:
    said = locked_site.on_full_disk("fetch", "tiny")
    assert "takes no more: File too large; what came is kept" in said
    assert nothing_installed(locked_site)
    assert "came before" in locked_site.good("fetch", "tiny").stderr
    assert is_whole(locked_site)


def test_two_commands_do_not_work_in_one_store(locked_site: Site) -> None:
    locked_site.store.mkdir(parents=True)
    (locked_site.store / ".staging").mkdir()
    script = (
        "import sys; from filelock import FileLock; lock = FileLock(sys.argv[1]); lock.acquire()\n"
        "print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, locked_site.store / ".store.lock"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert "another seedbed command is at work" in locked_site.bad("fetch", "tiny")
        holder.communicate()
    locked_site.good("fetch", "tiny")


def test_equal_files_are_shared_and_not_fetched_twice(site: Site) -> None:
    files = {**model_files(seed=5), UNET: model_files()[UNET]}
    site.hub.add("lab/twin", files)
    site.good("verify")
    site.want("tiny", "twin")
    site.good("lock")
    site.hub.asked.clear()
    assert "50.1 MB" not in site.good("fetch", "twin").stderr
    sha256 = hashlib.sha256(files[UNET]).hexdigest()
    assert not [one for one in site.hub.asked if one.path.endswith(sha256)]
    assert (site.installed("twin") / UNET).samefile(site.installed() / UNET)
    site.good("rm", "tiny")
    site.good("verify", "twin", "--deep", "--strict")


def test_a_spoilt_installation_is_mended(site: Site) -> None:
    file = site.installed() / "vae/model.safetensors"
    file.write_bytes(file.read_bytes() + b"!")
    (site.installed() / "unet/extra.json").write_text("{}")
    site.bad("verify", "tiny")
    site.good("fetch", "tiny")
    assert is_whole(site)
    assert not site.hub.fetched(hashlib.sha256(model_files()[UNET]).hexdigest())


def test_weights_that_came_by_other_ways_are_hashed_and_not_fetched(site: Site) -> None:
    (site.store / ".verified.json").unlink()
    assert "installed already" in site.good("fetch", "tiny").stderr
    assert site.hub.asked == []


def test_offline_uses_a_folder_or_the_cache_and_no_network(site: Site, tmp_path: Path) -> None:
    other = tmp_path / "usb"
    shutil.copytree(site.store, other)
    site.good("rm", "tiny")
    assert "is not in" in site.bad("fetch", "tiny", "--offline")
    site.good("fetch", "tiny", "--offline", "--from", str(other))
    assert is_whole(site)
    assert "--offline uses no network" in site.bad(
        "fetch", "tiny", "--offline", "--from", "http://127.0.0.1:1"
    )
    assert "is no folder" in site.bad("fetch", "tiny", "--from", "nowhere")
    assert site.hub.asked == []


def test_a_cache_of_the_hub_is_a_source(site: Site, tmp_path: Path) -> None:
    snapshot = tmp_path / "cache/models--lab--tiny/snapshots" / site.entry().commit
    site.installed().rename(tmp_path / "blobs")
    for file in (tmp_path / "blobs").rglob("*"):
        if file.is_file():
            link = snapshot / file.relative_to(tmp_path / "blobs")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file)
    site.good("fetch", "tiny", "--from", str(tmp_path / "cache"))
    assert is_whole(site)
    assert not any(file.is_symlink() for file in site.installed().rglob("*"))


def test_a_tampered_folder_is_no_source(site: Site, tmp_path: Path) -> None:
    other = tmp_path / "usb"
    shutil.copytree(site.store, other)
    spoil(other / "tiny" / site.entry().commit / UNET)
    site.good("rm", "tiny")
    assert f"{UNET} from {other} has sha256" in site.bad("fetch", "tiny", "--from", str(other))
    assert nothing_installed(site)


def test_a_store_behind_any_web_server_is_a_mirror(site: Site, tmp_path: Path) -> None:
    site.store.rename(tmp_path / "mirror")

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(tmp_path / "mirror"))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        site.good("fetch", "tiny", "--from", address)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert is_whole(site)
    assert site.hub.asked == []


@pytest.mark.parametrize("address", ["http://[::1", "https://"])
def test_an_address_that_is_none_is_named_at_once(address: str, locked_site: Site) -> None:
    said = locked_site.bad("fetch", "tiny", "--from", address, "--jobs", "1")
    assert "cannot be asked" in said
    assert "attempts" not in said


def test_weights_that_are_not_free_come_only_after_acceptance(empty_site: Site) -> None:
    facts = {"licence": "qwen-research", "gated": True, "token": "hf_x"}
    empty_site.hub.add("lab/tiny", model_files(), **facts)
    empty_site.good("lock", HF_TOKEN="hf_x")
    said = empty_site.bad("fetch", "tiny", HF_TOKEN="hf_x")
    assert 'accept_licences = "qwen-research"' in said
    assert empty_site.good("licenses", "--json").json[0]["acceptance"] == "needed"
    accepted = {"SEEDBED_ACCEPT_LICENCES": "cc-by-nc, Qwen-Research"}
    done = empty_site.good("fetch", "tiny", HF_TOKEN="hf_x", **accepted)
    assert "LicenseRef-qwen-research, no commercial use, gated" in done.stderr
    record = json.loads((empty_site.store / ".licences.json").read_text())["tiny"]
    assert record["license"] == "LicenseRef-qwen-research"
    assert record["accepted"] == "accepted as qwen-research"
    assert record["source"] == empty_site.hub.url
