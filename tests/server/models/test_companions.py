"""The networks that an operator names, and what becomes of wrong files."""

import hashlib
from pathlib import Path

import pytest

from server.models.companions import build_companions
from server.terminal import CommandError
from server.weights.place import place
from tests.pipelines.networks import matting_file, upscaler_file


def test_named_files_are_taken_under_their_own_names(tmp_path: Path) -> None:
    two, four = (upscaler_file(tmp_path, scale, "RealESRGAN") for scale in (2, 4))
    found = build_companions(f"{two}, {four}", matting_file(tmp_path), place(tmp_path, None, ""))
    assert [(one.name, one.scale) for one in found.upscalers] == [
        ("realesrgan-x2", 2),
        ("realesrgan-x4", 4),
    ]
    assert found.matting == tmp_path / "matting.safetensors"


def test_without_files_and_fetched_weights_there_is_nothing(tmp_path: Path) -> None:
    found = build_companions("", None, place(tmp_path, None, ""))
    assert (found.upscalers, found.matting) == ((), None)


def test_a_file_that_is_no_network_stops_the_start_by_name(tmp_path: Path) -> None:
    (file := tmp_path / "mine.safetensors").write_bytes(b"no header")
    with pytest.raises(CommandError, match=r"mine\.safetensors is not a safetensors file"):
        build_companions(str(file), None, place(tmp_path, None, ""))


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    files = [upscaler_file(folder) for folder in (tmp_path, tmp_path / "other")]
    with pytest.raises(CommandError, match="tiny-esrgan-x4: two files have this name"):
        build_companions(",".join(map(str, files)), None, place(tmp_path, None, ""))


def test_fetched_weights_are_found_by_their_ids(tmp_path: Path) -> None:
    file = fetched_upscaler(tmp_path)
    found = build_companions("", None, place(tmp_path, tmp_path / "weights.lock", ""))
    assert [(one.name, one.file) for one in found.upscalers] == [("realesrgan-x4plus", file)]


def test_fetched_weights_whose_licence_was_not_accepted_end_the_start(tmp_path: Path) -> None:
    fetched_upscaler(tmp_path, commercial="false")
    with pytest.raises(CommandError, match='accept_licences = "bsd-3-clause"'):
        build_companions("", None, place(tmp_path, tmp_path / "weights.lock", ""))


def test_fetched_weights_without_a_network_end_the_start(tmp_path: Path) -> None:
    fetched_upscaler(tmp_path, suffix=".json")
    with pytest.raises(CommandError, match="must hold one safetensors file, and holds 0"):
        build_companions("", None, place(tmp_path, tmp_path / "weights.lock", ""))


def fetched_upscaler(
    tmp_path: Path, commercial: str = "true", suffix: str = ".safetensors"
) -> Path:
    """An upscaler in the store, and the lock that lists it."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    folder = tmp_path / "weights" / "realesrgan-x4plus" / commit
    folder.mkdir(parents=True)
    file = upscaler_file(folder)
    file = file.rename(file.with_suffix(suffix))
    lock = tmp_path / "weights.lock"
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    lock.write_text(
        f"""
lock-version = "1.0"
intent-sha256 = "{"0" * 64}"
created-by = "seedbed"

[[weights]]
id = "realesrgan-x4plus"
repo = "hf://owner/RealESRGAN"
revision = "{commit}"
license = "BSD-3-Clause"
commercial-use = {commercial}
gated = false
profiles = ["8gb"]
allow-patterns = ["*.safetensors"]
size = {file.stat().st_size}
files = [
  {{ path = "{file.name}", size = {file.stat().st_size}, sha256 = "{sha256}" }},
]
"""
    )
    return file
