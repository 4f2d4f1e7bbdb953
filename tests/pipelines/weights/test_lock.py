"""`seedbed weights lock` against a hub, and what a lock may say."""

import hashlib
from pathlib import Path

import pytest

from pipelines.weights.errors import LockBroken, Unlocked, UnsafePath
from pipelines.weights.intent import parse_intent, read_intent
from pipelines.weights.lock import parse_lock, read_lock, render_lock
from tests.pipelines.weights.conftest import Site, model_files, safetensors

REPOSITORY = Path(__file__).parents[3]


def test_a_branch_becomes_a_commit_with_every_size_and_hash(empty_site: Site) -> None:
    empty_site.good("lock")
    entry = empty_site.entry()
    files = model_files()
    taken = ["LICENSE", "model_index.json", "unet/config.json", "unet/model.safetensors"]
    taken.append("vae/model.safetensors")
    assert entry.revision == empty_site.hub.repositories["lab/tiny"].commit
    assert [file.path for file in entry.files] == taken
    assert [file.size for file in entry.files] == [len(files[path]) for path in taken]
    assert [file.sha256 for file in entry.files] == [
        hashlib.sha256(files[path]).hexdigest() for path in taken
    ]
    assert (entry.licence, entry.licence_file) == ("Apache-2.0", "LICENSE")
    assert (entry.commercial_use, entry.gated, entry.locked) == (True, False, True)


def test_only_small_files_are_fetched_to_lock_them(empty_site: Site) -> None:
    empty_site.good("lock")
    assert empty_site.hub.fetched("unet/config.json")
    assert not empty_site.hub.fetched("model.safetensors")


def test_a_lock_is_the_same_bytes_when_it_is_made_anew(empty_site: Site) -> None:
    empty_site.good("lock")
    first = (empty_site.folder / "weights.lock").read_bytes()
    (empty_site.folder / "weights.lock").unlink()
    empty_site.good("lock")
    assert (empty_site.folder / "weights.lock").read_bytes() == first
    assert render_lock(parse_lock(first.decode())).encode() == first
    assert first.endswith(b"]\n")
    assert b"\r" not in first


def test_what_is_locked_stays_until_an_upgrade(locked_site: Site) -> None:
    before = (locked_site.folder / "weights.lock").read_bytes()
    newer = locked_site.hub.add("lab/tiny", model_files(seed=7))
    locked_site.good("lock")
    assert (locked_site.folder / "weights.lock").read_bytes() == before
    assert locked_site.hub.asked == []
    locked_site.good("lock", "--upgrade", "tiny")
    assert locked_site.entry().revision == newer.commit


def test_a_changed_intent_is_seen_and_resolved_at_the_locked_commit(locked_site: Site) -> None:
    commit = locked_site.entry().commit
    text = (locked_site.folder / "weights.toml").read_text()
    (locked_site.folder / "weights.toml").write_text(text.replace(', "vae/*"', ""))
    assert locked_site.good("status", "--json").json["drifted"] is True
    assert "has changed since" in locked_site.bad("verify", "--strict")
    repository = locked_site.hub.repositories["lab/tiny"]
    repository.branches = ()  # the branch may have moved on or be gone
    locked_site.good("lock")
    assert locked_site.entry().revision == commit
    assert "vae/model.safetensors" not in locked_site.entry().by_path
    assert locked_site.good("status", "--json").json["drifted"] is False


def test_a_disk_that_is_full_is_named_and_the_lock_stays_as_it_was(locked_site: Site) -> None:
    before = (locked_site.folder / "weights.lock").read_bytes()
    locked_site.hub.add("lab/tiny", model_files(seed=3))
    command = ("weights", "lock", "--upgrade", "tiny")
    done = locked_site.commander.run(locked_site.folder, *command, file_limit=64)
    assert done.returncode == 1
    assert done.stderr.endswith("weights.lock: File too large\n")
    assert (locked_site.folder / "weights.lock").read_bytes() == before
    left = sorted(path.name for path in locked_site.folder.iterdir())
    assert left == ["weights.lock", "weights.toml"]


def test_another_branch_is_another_wish(locked_site: Site) -> None:
    old = locked_site.entry()
    assert old.branch == "main"
    newer = locked_site.hub.add("lab/tiny", model_files(seed=3), branches=("v2",))
    locked_site.want("tiny", revision="v2")
    locked_site.good("lock")
    assert locked_site.entry().commit == newer.commit != old.commit
    locked_site.hub.asked.clear()
    locked_site.good("lock")
    assert locked_site.hub.asked == []


def test_a_change_that_was_left_alone_is_still_a_change(locked_site: Site) -> None:
    locked_site.hub.add("lab/mine", model_files(seed=5))
    locked_site.want("tiny", "mine")
    text = (locked_site.folder / "weights.toml").read_text()
    changed = text.replace('"unet/*", "vae/*"', '"unet/*"', 1)
    (locked_site.folder / "weights.toml").write_text(changed)
    locked_site.good("lock", "mine")
    assert locked_site.good("status", "--json").json["drifted"]
    locked_site.good("lock")
    assert not locked_site.good("status", "--json").json["drifted"]


def test_what_is_unlocked_is_resolved_and_must_come_out_as_far_as_it_was_known(
    empty_site: Site,
) -> None:
    empty_site.good("lock")
    file = empty_site.folder / "weights.lock"
    whole = file.read_text()
    sha256 = empty_site.entry().by_path["unet/config.json"].sha256
    line = f'{{path = "unet/config.json", size = 3, sha256 = "{sha256}"}}'
    assert line in whole
    loose = f'{{path = "unet/config.json", sha256 = "{sha256}", unlocked = true}}'
    size = empty_site.entry().size
    file.write_text(whole.replace(line, loose).replace(f"size = {size}", f"size = {size - 3}"))
    assert "tiny is unlocked (sha256 or size of unet/config.json)" in empty_site.bad(
        "fetch", "tiny"
    )
    assert empty_site.hub.fetched("unet/model.safetensors") == []
    empty_site.good("lock")
    assert file.read_text() == whole
    file.write_text(file.read_text().replace(line, loose.replace(str(sha256), "0" * 64)))
    text = file.read_text().replace(f"size = {size}", f"size = {size - 3}")
    file.write_text(text)
    assert "for the same commit" in empty_site.bad("lock")
    assert file.read_text() == text


@pytest.mark.parametrize(
    ("facts", "complaint"),
    [
        ({"token": "hf_x", "gated": True}, "gated: accept its terms"),
        ({"token": "hf_x"}, "does not exist, or wants a token"),
        ({"branches": ("trunk",)}, "no revision 'main'; was it renamed?"),
        ({"licence": None}, "names no licence"),
        ({"lie_about": {"unet/config.json": {"blobId": "0" * 40}}}, "came as git blob"),
        ({"lie_about": {"unet/config.json": {"size": 2}}}, "came as git blob"),
    ],
    ids=["gated", "private", "renamed", "no licence", "wrong blob", "wrong size"],
)
def test_a_hub_that_cannot_be_locked_is_named_and_nothing_is_written(
    facts: dict[str, object], complaint: str, empty_site: Site
) -> None:
    empty_site.hub.add("lab/tiny", model_files(), **facts)
    assert complaint in empty_site.bad("lock")
    assert not (empty_site.folder / "weights.lock").exists()


def test_a_token_opens_what_is_gated_and_goes_to_no_other_host(empty_site: Site) -> None:
    empty_site.hub.add("lab/tiny", model_files(), token="hf_x", gated=True)
    empty_site.good("lock", HF_TOKEN="hf_x")
    assert empty_site.entry().gated
    empty_site.good("fetch", "tiny", HF_TOKEN="hf_x", SEEDBED_ACCEPT_LICENCES="tiny")
    large = {one.token for one in empty_site.hub.asked if "/large/" in one.path}
    others = {one.token for one in empty_site.hub.asked if "/large/" not in one.path}
    assert (large, others) == ({None}, {"Bearer hf_x"})


@pytest.mark.parametrize("name", ["unet/model.bin", "unet/code.py", "unet/x.ckpt", "unet/x.PKL"])
def test_what_could_run_code_is_not_locked(name: str, empty_site: Site) -> None:
    empty_site.hub.add("lab/tiny", {**model_files(), name: b"import os"})
    assert f"{name!r} could run code when loaded" in empty_site.bad("lock")


def test_a_pattern_that_matches_nothing_is_refused(empty_site: Site) -> None:
    text = (empty_site.folder / "weights.toml").read_text().replace("vae/", "vea/")
    (empty_site.folder / "weights.toml").write_text(text)
    assert "'vea/*' matches no file" in empty_site.bad("lock")


def test_a_licence_without_a_known_id_counts_as_non_commercial(empty_site: Site) -> None:
    empty_site.hub.add("lab/tiny", model_files(), licence="openrail++")
    empty_site.good("lock")
    entry = empty_site.entry()
    assert (entry.licence, entry.commercial_use) == ("LicenseRef-openrail", False)


LOCK = f"""\
lock-version = "1.0"
created-by = "seedbed"
intent-sha256 = "{"0" * 64}"

[[weights]]
id = "a"
repo = "hf://lab/a"
revision = "{"1" * 40}"
license = "MIT"
commercial-use = true
gated = false
profiles = []
allow-patterns = ["x"]
size = 3
files = [
  {{path = "x", size = 3, sha256 = "{"2" * 64}"}},
]
"""


def test_a_lock_is_read() -> None:
    assert parse_lock(LOCK).get("a").locked


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"1.0"', '"2.0"', "a newer seedbed wrote it"),
        ('"1.0"', "1", "lock-version must be a text"),
        ("gated = false", "gated = false\nsurprise = 1", "unknown name 'surprise'"),
        ("1" * 40, "main", "must be 40 hexadecimal digits"),
        ("2" * 64, "2" * 63, "sha256 must be 64 hexadecimal digits"),
        ("size = 3\n", "size = 4\n", "its files have 3 bytes"),
        ("size = 3,", "size = -3,", "must not be negative"),
        ('"MIT"', '"MIT"\nlicense-file = "L"', "not among its files"),
        ('"hf://lab/a"', '"https://lab/a"', "must be hf://owner/name"),
        ('sha256 = "' + "2" * 64 + '"', "gated = true", "unknown name 'gated'"),
        ("{path", "[path", "is not TOML"),
        (f', sha256 = "{"2" * 64}"', "", "or unlocked = true"),
        ('id = "a"', 'id = "../a"', "must be lower-case letters"),
        ('"MIT"', "[" * 5_000, "is not TOML"),
        ("size = 3,", f"size = {'3' * 5_000},", "is not TOML"),
    ],
)
def test_a_lock_that_says_anything_odd_is_refused(old: str, new: str, complaint: str) -> None:
    assert old in LOCK
    with pytest.raises(LockBroken, match=complaint):
        parse_lock(LOCK.replace(old, new, 1))


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "a/../../x",
        "/etc/passwd",
        "a//b",
        "a\\\\b",
        "C:x",
        ".hidden",
        "a/.git/x",
        "",
        "x\\n",
        "model.bin",
        "x.part",
        "m.py",
        "m.PyC",
        "lib/op.so",
        "state.joblib",
    ],
)
def test_a_path_that_leaves_its_folder_or_runs_code_is_refused(path: str) -> None:
    with pytest.raises(UnsafePath):
        parse_lock(LOCK.replace('path = "x"', f'path = "{path}"'))


def test_two_paths_that_cannot_lie_together_are_refused() -> None:
    one = LOCK.split("files = [\n")[1].split("\n")[0]
    twice = LOCK.replace(one, f"{one}\n{one}").replace("size = 3\n", "size = 6\n")
    with pytest.raises(UnsafePath, match="occurs twice"):
        parse_lock(twice)
    with pytest.raises(UnsafePath, match="a file and a folder"):
        parse_lock(twice.replace('"x"', '"x/y"', 2).replace('"x/y"', '"x"', 1))


def test_the_lock_of_the_project_is_as_the_command_writes_it() -> None:
    text = (REPOSITORY / "weights.lock").read_text()
    lock, intent = parse_lock(text), read_intent(REPOSITORY / "weights.toml")
    assert render_lock(lock) == text
    assert lock.intent_sha256 == intent.sha256
    assert [entry.id for entry in lock.weights] == sorted(one.id for one in intent.weights)
    for entry in lock.weights:
        wanted = intent.get(entry.id)
        assert entry.repo == wanted.repo
        assert entry.revision in (None, wanted.revision)
        assert entry.profiles == wanted.profiles
        assert entry.allow_patterns == wanted.allow_patterns


def test_the_default_set_is_free_and_what_is_not_known_of_it_is_refused() -> None:
    lock = read_lock(REPOSITORY / "weights.lock")
    assert {entry.licence for entry in lock.weights} == {"Apache-2.0", "BSD-3-Clause", "MIT"}
    assert all(entry.commercial_use and not entry.gated for entry in lock.weights)
    assert lock.get("flux2-klein-4b").commit == "e7b7dc27f91deacad38e78976d1f2b499d76a294"
    assert lock.get("flux2-klein-4b").size == 15_980_131_745
    for name in ("z-image-turbo", "z-image", "qwen-image-2512", "qwen-image-edit-2511"):
        with pytest.raises(Unlocked, match=f"seedbed weights lock {name}"):
            lock.get(name).require_locked()


def test_intent_with_an_unknown_name_is_refused() -> None:
    with pytest.raises(LockBroken, match="unknown name 'allow_patterns'"):
        parse_intent('[[weights]]\nid="a"\nrepo="hf://a/b"\nrevision="main"\nallow_patterns=["x"]')


def test_the_lock_that_comes_with_seedbed_is_read_and_never_written(empty_site: Site) -> None:
    (empty_site.folder / "weights.toml").unlink()
    shipped = REPOSITORY
    before = [(shipped / name).read_bytes() for name in ("weights.lock", "weights.toml")]
    assert "flux2-klein-4b" in empty_site.good("status").stdout
    said = empty_site.bad("lock", "--upgrade", "taef2")
    assert "taef2: hf://madebyollin/taef2 does not exist" in said
    empty_site.hub.add("madebyollin/taef2", {"taef2.safetensors": safetensors(100)})
    empty_site.good("lock", "--upgrade", "taef2")
    assert empty_site.entry("taef2").locked
    assert (empty_site.folder / "weights.toml").read_bytes() == before[1]
    assert [(shipped / name).read_bytes() for name in ("weights.lock", "weights.toml")] == before
