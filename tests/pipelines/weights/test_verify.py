"""`seedbed weights verify`, `status` and `licenses`: what is here, compared with the lock."""

import json
import os
import pickle
import re
from pathlib import Path

import pytest

from pipelines.errors import ModelBroken
from pipelines.weights.errors import Tampered
from pipelines.weights.marks import Marks
from pipelines.weights.own import EMBEDDED, EMBEDDED_FOLDER
from pipelines.weights.store import check_installed, check_installed_file, recorded_files
from pipelines.weights.tensors import MAX_HEADER, check_safetensors
from pipelines.weights.verify import verify
from tests.pipelines.weights.conftest import Site, model_files, safetensors, spoil

UNET = "unet/model.safetensors"


def faults(site: Site, *arguments: str) -> list[str]:
    report = site.run("verify", *arguments, "--json").json
    assert report["ok"] is not any(one["faults"] for one in report["weights"])
    return [line for one in report["weights"] for line in one["faults"]]


def test_what_was_fetched_is_sound_and_the_embedded_model_too(site: Site) -> None:
    done = site.good("verify", "--deep", "--strict")
    commit = site.entry().commit[:12]
    assert done.stdout == f"tiny  {commit}  ok\nembedded  shipped  ok\n"
    assert site.hub.asked == []


def test_verify_needs_no_lock_for_the_embedded_model(site: Site) -> None:
    (site.folder / "weights.lock").unlink()
    assert site.good("verify", "embedded").stdout == "embedded  shipped  ok\n"


def test_a_changed_byte_is_found(site: Site) -> None:
    file = site.installed() / UNET
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    (line,) = faults(site)
    assert line.startswith(f"{UNET} has sha256")
    with pytest.raises(ModelBroken, match="`seedbed weights fetch tiny` mends it"):
        check_installed(site.installed())


def test_only_deep_finds_a_byte_that_was_changed_without_a_trace(site: Site) -> None:
    assert faults(site) == []
    spoil(site.installed() / UNET)
    assert faults(site) == []
    assert faults(site, "--deep")[0].startswith(f"{UNET} has sha256")


def test_a_size_is_always_compared(site: Site) -> None:
    file = site.installed() / "model_index.json"
    file.write_bytes(b"")
    assert faults(site) == ["model_index.json has 0 bytes; 21 are locked"]
    file.unlink()
    assert faults(site) == ["model_index.json is missing"]
    with pytest.raises(ModelBroken, match=r"model_index\.json is missing"):
        check_installed(site.installed())


@pytest.mark.parametrize("name", ["unet/more.json", "unet/model.safetensors.bin", "pipeline.py"])
def test_an_extra_file_is_a_fault_as_it_is_for_the_server(site: Site, name: str) -> None:
    (site.installed() / name).write_text("{}")
    done = site.run("verify")
    assert done.returncode == 1
    commit = site.entry().commit[:12]
    assert f"tiny  {commit}  faulty\n  {name} is not in the lock\n" in done.stdout
    assert faults(site) == faults(site, "--strict") == [f"{name} is not in the lock"]
    with pytest.raises(ModelBroken, match=f"{re.escape(name)} is not in the lock"):
        check_installed(site.installed())
    site.good("fetch", "tiny")
    assert faults(site) == []


def test_a_link_is_no_file(site: Site, tmp_path: Path) -> None:
    file = site.installed() / "model_index.json"
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert faults(site) == ["model_index.json is no plain file; a link could lead anywhere"]


def test_a_folder_whose_list_of_files_was_changed_is_not_loaded(site: Site) -> None:
    check_installed(site.installed())
    beside = site.installed().with_name(f"{site.entry().commit}.lock")
    beside.write_text(beside.read_text().replace("1.0", "9.0"))
    with pytest.raises(ModelBroken, match="newer seedbed wrote it"):
        check_installed(site.installed())


def test_a_file_of_the_store_is_loaded_only_with_its_whole_folder(site: Site) -> None:
    file = site.installed() / UNET
    check_installed_file(file)
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(ModelBroken, match=r"unet/model\.safetensors has sha256"):
        check_installed_file(file)


def test_a_lock_of_somebody_else_beside_a_folder_says_nothing_of_it(tmp_path: Path) -> None:
    (folder := tmp_path / "my-model").mkdir()
    (file := folder / "x.safetensors").write_bytes(safetensors(8))
    (tmp_path / "my-model.lock").touch()  # as programs write that let one at a time in
    check_installed(folder)
    check_installed_file(file)
    assert recorded_files(folder) == ()


def test_what_is_not_hashed_yet_is_hashed_at_first_use(site: Site) -> None:
    marks = site.store / ".verified.json"
    marks.unlink()
    check_installed(site.installed())
    mark = json.loads(marks.read_text())[f"tiny/{site.entry().commit}/{UNET}"]
    found = (site.installed() / UNET).stat()
    assert mark == [
        found.st_ino,
        found.st_size,
        found.st_mtime_ns,
        site.entry().by_path[UNET].sha256,
    ]


def test_a_file_that_changes_while_others_are_hashed_is_hashed_again(site: Site) -> None:
    (site.store / ".verified.json").unlink()
    file, entry, read = site.installed() / UNET, site.entry(), 0
    marks = Marks(site.store)

    def change(size: int) -> None:
        nonlocal read
        read += size
        if read == entry.size:  # every byte of every file was hashed, and no mark was written
            with file.open("r+b") as stream:
                stream.seek(-1, os.SEEK_END)
                stream.write(b"!")

    assert verify(entry, site.installed(), marks, count=change) == []
    assert read == entry.size
    (fault,) = verify(entry, site.installed(), marks)
    assert str(fault).startswith(f"{UNET} has sha256")


def test_marks_that_are_nonsense_are_no_marks(site: Site) -> None:
    for nonsense in (
        "",
        "[]",
        '{"a": 1}',
        f'{{"tiny/{site.entry().commit}/{UNET}": [1, 2, 3, 4]}}',
    ):
        (site.store / ".verified.json").write_text(nonsense)
        site.good("verify", "--strict")


def test_named_weights_that_are_not_here_are_a_fault(locked_site: Site) -> None:
    assert faults(locked_site) == []
    assert faults(locked_site, "tiny") == ["not installed"]
    assert faults(locked_site, "--profile", "8gb") == ["not installed"]


def test_status_tells_where_everything_stands(locked_site: Site) -> None:
    assert locked_site.state() == "missing"
    locked_site.good("fetch", "tiny")
    (row,) = locked_site.good("status", "--json").json["weights"]
    assert row["state"] == "installed"
    assert row["size"] == sum(file.size or 0 for file in locked_site.entry().files)
    assert Path(row["folder"]) == locked_site.installed().relative_to(locked_site.folder)
    head, line = locked_site.good("status").stdout.splitlines()
    assert head.split() == ["id", "state", "size", "profiles", "licence", "revision"]
    assert line.split()[:2] == ["tiny", "installed"]


def test_licences_are_listed_and_their_texts_printed(site: Site) -> None:
    (row,) = site.good("licenses", "--json").json
    assert (row["licence"], row["acceptance"]) == ("Apache-2.0", "no acceptance needed")
    assert row["installed"]["revision"] == site.entry().commit
    assert "tiny  Apache-2.0" in site.good("licenses").stdout
    assert site.good("licenses", "tiny").stdout == "Do what is fair.\n\n"


def test_without_a_lock_the_place_is_named(locked_site: Site) -> None:
    settings = {"SEEDBED_WEIGHTS_LOCK": "elsewhere/weights.lock"}
    assert "there is no elsewhere/weights.lock" in locked_site.bad("status", **settings)


def test_a_lock_of_a_newer_version_is_refused_and_what_is_here_stays(site: Site) -> None:
    file = site.folder / "weights.lock"
    before = file.read_text()
    file.write_text(before.replace('"1.0"', '"2.0"'))
    for command in (("status",), ("verify",), ("fetch", "tiny"), ("pack", "x.tar")):
        assert "a newer seedbed wrote it" in site.bad(*command)
    file.write_text(before)
    site.good("verify", "--strict")


def test_the_embedded_model_is_what_it_was_when_it_was_trained() -> None:
    """After a training: `python -m pipelines.weights.own`."""
    assert verify(EMBEDDED, EMBEDDED_FOLDER) == []


def test_a_changed_embedded_model_is_found(tmp_path: Path) -> None:
    for file in EMBEDDED.files:
        target = tmp_path / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(EMBEDDED_FOLDER / file.path, target)
    changed = tmp_path / "scheduler/scheduler_config.json"
    data = changed.read_bytes()
    changed.unlink()
    changed.write_bytes(data.replace(b"1", b"2"))
    assert [fault.path for fault in verify(EMBEDDED, tmp_path)] == [
        "scheduler/scheduler_config.json"
    ]


def head(length: int, text: bytes, data: bytes = b"") -> bytes:
    return length.to_bytes(8, "little") + text + data


SOUND = safetensors(64)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (pickle.dumps({"a": 1}), "not a safetensors file: its header would have"),
        (b"PK\x03\x04" + bytes(60), "not a safetensors file: its header would have"),
        (b"", "not a safetensors file"),
        (head(MAX_HEADER + 1, b"{}"), "its header would have 100,000,001 bytes"),
        (head(2**63, b"{}"), "its header would have"),
        (head(3, b"{}"), "its header would have 3 bytes"),
        (head(2, b"[]"), "no JSON object"),
        (head(2, b"{x"), "not JSON"),
        (head(2, b"{}", b"more"), "its tensors need 0 bytes, it holds 4"),
        (SOUND[:-1], "its tensors need 64 bytes, it holds 63"),
        (SOUND.replace(b"[0, 64]", b"[1, 64]"), "do not follow each other"),
        (SOUND.replace(b"[0, 64]", b'"0, 64'), "not JSON"),
        (SOUND.replace(b"data_offsets", b"data_offsetz"), "do not follow each other"),
    ],
)
def test_a_file_that_is_only_called_safetensors_is_refused(
    data: bytes, complaint: str, tmp_path: Path
) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(data)
    with pytest.raises(Tampered, match=complaint):
        check_safetensors(file, file.name)
    check_safetensors(file, "model.json")


def test_safetensors_of_the_embedded_model_and_of_these_tests_are_sound(tmp_path: Path) -> None:
    for file in EMBEDDED_FOLDER.rglob("*.safetensors"):
        check_safetensors(file, file.name)
    (tmp_path / "x.safetensors").write_bytes(SOUND)
    check_safetensors(tmp_path / "x.safetensors", "x.safetensors")


def test_a_pickle_that_the_hub_calls_safetensors_is_not_installed(empty_site: Site) -> None:
    trap = pickle.dumps({"weight": list(range(5000))})
    empty_site.hub.add("lab/tiny", {**model_files(), UNET: trap})
    empty_site.good("lock")
    assert "is not a safetensors file" in empty_site.bad("fetch", "tiny")
    assert not empty_site.installed().exists()
