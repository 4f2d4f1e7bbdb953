"""`seedbed generate`: the real command, through a real server and with an engine of its own."""

import os
import pty
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from pipelines.provenance.claims import read_claims
from server.labelling import Labelling
from server.provenance.policy import LabelPolicy
from tests.running import SEEDBED, Running, plain_environment, seedbed
from tests.server.conftest import KEY, serving
from tests.server.drawer import Drawer

ORDER = ("a red circle on a blue ground", "--size", "64x64", "--seed", "7")


pytestmark = pytest.mark.timeout(300)


def through(server: Running, *more: str) -> tuple[str, ...]:
    return ("generate", *ORDER, "--server", server.url, "--api-key", server.key, *more)


def pixels(path: Path) -> bytes:
    with Image.open(path) as picture:
        return picture.convert("RGB").tobytes()


def test_a_picture_is_drawn_through_a_running_server(running: Running, tmp_path: Path) -> None:
    done = seedbed(tmp_path, *through(running, "-o", "out.png"))
    assert done.returncode == 0, done.stderr
    assert done.stdout == "out.png  64x64  seed 7\n"
    assert done.stderr == f"drawing through {running.url}\n"
    with Image.open(tmp_path / "out.png") as picture:
        assert (picture.format, picture.size) == ("PNG", (64, 64))


def test_without_a_server_the_same_picture_is_drawn(running: Running, tmp_path: Path) -> None:
    alone = seedbed(tmp_path, "generate", *ORDER, "-o", "alone.png", settings={"SEEDBED_PORT": "1"})
    assert alone.returncode == 0, alone.stderr
    assert "starting the engine" in alone.stderr
    assert alone.stdout == "alone.png  64x64  seed 7\n"
    lacking = "goes without invisible (there is no key here), registry (nothing is kept here)"
    assert f"alone.png {lacking}" in " ".join(alone.stderr.split())
    seedbed(tmp_path, *through(running, "-o", "served.png"))
    assert pixels(tmp_path / "alone.png") == pixels(tmp_path / "served.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alone.png", "served.png"]


def test_the_server_at_the_configured_address_is_found_with_its_key(running: Running) -> None:
    port = running.url.rpartition(":")[2]
    done = seedbed(
        running.folder, "generate", *ORDER, "-o", "found.png", settings={"SEEDBED_PORT": port}
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"drawing through {running.url}\n"


def test_several_pictures_are_numbered_and_their_seeds_count_up(
    running: Running, tmp_path: Path
) -> None:
    done = seedbed(tmp_path, *through(running, "-n", "2", "-o", "out.jpg"))
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == [
        "out-1.jpg  64x64  seed 7",
        "out-2.jpg  64x64  seed 8",
    ]
    formats = {Image.open(BytesIO((tmp_path / f"out-{n}.jpg").read_bytes())).format for n in (1, 2)}
    assert formats == {"JPEG"}
    assert pixels(tmp_path / "out-1.jpg") != pixels(tmp_path / "out-2.jpg")


def test_options_reach_the_engine(running: Running, tmp_path: Path) -> None:
    for name, more in (("plain", ()), ("marked", ("--watermark",)), ("free", ("--guidance", "1"))):
        done = seedbed(tmp_path, *through(running, *more, "-o", f"{name}.png"))
        assert done.returncode == 0, done.stderr
    plain = pixels(tmp_path / "plain.png")
    assert pixels(tmp_path / "marked.png") != plain
    assert pixels(tmp_path / "free.png") != plain


def test_a_site_that_labels_every_picture_labels_what_said_nothing_of_it(
    drawer: Drawer, tmp_path: Path
) -> None:
    labelling = Labelling(policy=LabelPolicy("forbid"))
    with serving(drawer, tmp_path / "data", labelling=labelling) as site:
        order = ("generate", *ORDER, "--server", site.url, "--api-key", KEY, "-o", "out.png")
        done = seedbed(tmp_path, *order)
        assert done.returncode == 0, done.stderr
        refused = seedbed(tmp_path, *order, "--force", "--no-watermark")
    assert "This site labels every picture" in refused.stderr
    recipe = read_claims((tmp_path / "out.png").read_bytes()).recipe
    assert recipe is not None
    assert recipe.label


def test_a_file_is_overwritten_only_by_force(running: Running, tmp_path: Path) -> None:
    (tmp_path / "out-2.png").write_bytes(b"mine")
    refused = seedbed(tmp_path, *through(running, "-n", "2", "-o", "out.png"))
    assert refused.returncode == 1
    assert refused.stderr == "seedbed: out-2.png exists already; --force overwrites\n"
    assert (tmp_path / "out-2.png").read_bytes() == b"mine"
    assert not (tmp_path / "out-1.png").exists()
    forced = seedbed(tmp_path, *through(running, "-n", "2", "-o", "out.png", "--force"))
    assert forced.returncode == 0, forced.stderr
    assert (tmp_path / "out-2.png").read_bytes() != b"mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-o", "out.gif"), "out.gif must end in one of .png, .jpg, .jpeg, .webp"),
        (("-o", "nowhere/out.png"), "there is no folder nowhere"),
        (("--server", "http://127.0.0.1:1"), "no server that can draw answers at"),
        (("--size", "3x3"), "width and height must be within"),
        (("--model", "no-such"), "The model 'no-such' does not exist."),
    ],
)
def test_a_fault_is_one_line_and_comes_before_the_engine_is_started(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = seedbed(tmp_path, "generate", "a cat", *arguments, settings={"SEEDBED_PORT": "1"})
    assert done.returncode == 1
    assert done.stderr.startswith(f"seedbed: {said}")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--size", "3x3"), "width and height must be within"),
        (("--api-key", "wrong"), "Incorrect API key provided."),
    ],
)
def test_what_the_server_refuses_is_one_line(
    arguments: tuple[str, ...], said: str, running: Running, tmp_path: Path
) -> None:
    done = seedbed(tmp_path, *through(running, *arguments))
    assert done.returncode == 1
    assert said in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_named_server_without_a_key_is_refused(running: Running, tmp_path: Path) -> None:
    done = seedbed(tmp_path, "generate", "a cat", "--server", running.url)
    assert done.returncode == 1
    assert done.stderr == f"seedbed: {running.url} needs a key: say --api-key\n"


def test_on_a_terminal_a_bar_counts_the_steps(running: Running, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        process = subprocess.Popen(
            [SEEDBED, *through(running, "-o", "out.png")],
            cwd=tmp_path,
            env=plain_environment() | {"TERM": "xterm", "COLUMNS": "100"},
            stdout=subprocess.PIPE,
            stderr=theirs,
        )
        os.close(theirs)
        seen = b""
        try:
            while part := terminal.read(65536):
                seen += part
        except OSError:  # Linux reports the end of a terminal so.
            seen += b""
        out, _ = process.communicate()
    assert process.returncode == 0
    assert out == b"out.png  64x64  seed 7\n"
    assert b"out.png" in seen
    assert b"16/16" in seen
    assert b"done" in seen


def test_a_picture_is_edited_within_a_mask(running: Running, tmp_path: Path) -> None:
    picture = Image.radial_gradient("L").convert("RGB").resize((64, 64))
    picture.save(tmp_path / "in.png")
    alpha = Image.new("L", (64, 64), 255)
    alpha.paste(0, (0, 0, 32, 64))
    mask = Image.new("RGBA", (64, 64))
    mask.putalpha(alpha)
    mask.save(tmp_path / "mask.png")
    done = seedbed(
        tmp_path, *through(running, "--image", "in.png", "--mask", "mask.png", "-o", "out.png")
    )
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "out.png") as drawn:
        kept, changed = (32, 0, 64, 64), (0, 0, 28, 64)
        assert drawn.crop(kept).tobytes() == picture.crop(kept).tobytes()
        assert drawn.crop(changed).tobytes() != picture.crop(changed).tobytes()


def test_what_is_wrong_with_a_picture_is_said(running: Running, tmp_path: Path) -> None:
    (tmp_path / "words.png").write_text("words")
    done = seedbed(tmp_path, *through(running, "--image", "words.png", "-o", "out.png"))
    assert done.returncode == 1
    assert "unsupported mimetype" in done.stderr
    done = seedbed(tmp_path, *through(running, "--image", "none.png", "-o", "out.png"))
    assert done.stderr == "seedbed: none.png cannot be read: No such file or directory\n"


def test_a_faulty_edit_is_refused_before_the_engine_is_started(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "in.png")
    order = ("generate", "a cat", "--image", "in.png", "--model", "dall-e-3")
    done = seedbed(tmp_path, *order, settings={"SEEDBED_PORT": "1"})
    assert done.returncode == 1
    assert "takes no reference images" in done.stderr
    assert "starting" not in done.stderr
