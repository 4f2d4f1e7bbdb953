"""One digest names all weights of a model: the hash of what `sha256sum` prints of its files."""

import hashlib
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.catalog import EMBEDDED
from pipelines.errors import ModelBroken
from pipelines.stand_ins import sampler_of, stand_in
from pipelines.tiers import OPEN_WEIGHTS
from pipelines.weights.digest import digest_of
from pipelines.weights.lock import Lock, LockedFile, LockedWeights, render_lock

FILES = (LockedFile("b/w.safetensors", 2, "b" * 64), LockedFile("a.json", 1, "a" * 64))


def installed(root: Path, name: str, *files: LockedFile) -> Path:
    """A folder as the store leaves it, with the list of its files beside it."""
    folder = root / name / ("0" * 40)
    for file in files:
        (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / file.path).write_text("{}")
    entry = LockedWeights(name, "hf://a/b", "0" * 40, "MIT", True, False, (), (), files)
    folder.with_name(f"{folder.name}.lock").write_text(render_lock(Lock("0" * 64, (entry,))))
    return folder


def test_anybody_can_compute_the_digest_of_the_weights_that_ship() -> None:
    listed = subprocess.run(
        "find . -type f | sed 's|^./||' | LC_ALL=C sort | xargs sha256sum",
        shell=True,
        cwd=EMBEDDED.folder,
        capture_output=True,
        check=True,
    ).stdout
    assert EMBEDDED.digest == hashlib.sha256(listed).hexdigest()
    assert EMBEDDED.sampler == sampler_of(EMBEDDED.folder)


def test_every_file_its_name_and_what_else_is_said_count_but_no_order() -> None:
    digest = digest_of(FILES)
    assert digest == digest_of(FILES[::-1])
    others = [
        digest_of(FILES[:1]),
        digest_of((FILES[0], replace(FILES[1], path="c.json"))),
        digest_of((FILES[0], replace(FILES[1], sha256="c" * 64))),
        digest_of(FILES, ["shift=3"]),
    ]
    assert len({digest, *others}) == 5


def test_what_nobody_hashed_has_no_digest(tmp_path: Path) -> None:
    assert digest_of(()) == ""
    assert digest_of((FILES[0], LockedFile("c", None, None))) == ""
    found = stand_in("z-image", lambda _: tmp_path)
    assert found is not None
    assert (found.digest, found.sampler) == ("", "")


def test_installed_weights_have_the_digest_of_their_lock(tmp_path: Path) -> None:
    folder = installed(tmp_path, "z-image", *FILES)
    (folder / "model_index.json").write_text('{"scheduler": ["diffusers", "Euler"]}')
    found = stand_in("z-image", lambda _: folder)
    assert found is not None
    assert (found.digest, found.sampler) == (digest_of(FILES), "Euler")


def test_a_lora_has_the_digest_of_its_base_and_its_own_file(tmp_path: Path) -> None:
    name = "qwen-image-2512-lightning"
    base = OPEN_WEIGHTS[name].base
    assert base is not None
    own = LockedFile("lora.safetensors", 3, "c" * 64)
    folders = {
        base: installed(tmp_path, base, *FILES),
        name: installed(tmp_path, name, own),
    }
    found = stand_in(name, folders.get)
    assert found is not None
    noise = [f"{key}={value}" for key, value in OPEN_WEIGHTS[name].noise]
    assert found.digest == digest_of((*FILES, own), noise) != digest_of((*FILES, own))


def test_a_spoilt_list_of_files_is_named(tmp_path: Path) -> None:
    folder = installed(tmp_path, "z-image", *FILES)
    folder.with_name(f"{folder.name}.lock").write_text("nothing")
    with pytest.raises(ModelBroken, match="is not what was written at the install"):
        stand_in("z-image", lambda _: folder)
