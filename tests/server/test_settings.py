"""Settings: four sources, one precedence, and no name that is wrong without a word."""

import tomllib
from pathlib import Path

import pytest

from server.setting_values import parse_api_keys
from server.settings import FILE, PREFIX, SECRET, Settings, SettingsError, load

EXAMPLE = Path(__file__).parents[2] / "seedbed.example.toml"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of its own, and no setting in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)
    return tmp_path


def test_without_any_source_the_defaults_hold() -> None:
    loaded = load({})
    assert loaded.settings.port == 8000
    assert set(loaded.origins.values()) == {"default"}
    assert set(loaded.origins) == set(Settings.model_fields)


def test_a_flag_wins_over_a_variable_and_a_variable_over_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / FILE).write_text('port = 1\nhang_s = 1\ndrain_s = 1\nhost = "localhost"\n')
    monkeypatch.setenv("SEEDBED_PORT", "2")
    monkeypatch.setenv("SEEDBED_HANG_S", "2")
    loaded = load({"port": "3"})
    settings = loaded.settings
    assert (settings.port, settings.hang_s, settings.drain_s) == (3, 2, 1)
    assert settings.max_body_mib == 64
    chosen = {name: loaded.origins[name] for name in ("port", "hang_s", "drain_s", "max_body_mib")}
    assert chosen == {
        "port": "--port",
        "hang_s": "SEEDBED_HANG_S",
        "drain_s": "seedbed.toml",
        "max_body_mib": "default",
    }


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("SEEDBED_PROT", "SEEDBED_PORT"), ("SEEDBED_API_KEY", "SEEDBED_API_KEYS")],
)
def test_a_misspelt_variable_is_refused_with_the_right_name(
    wrong: str, right: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(wrong, "1")
    with pytest.raises(SettingsError, match=f"^{wrong} is not a setting; did you mean {right}\\?$"):
        load({})


def test_a_misspelt_key_of_the_file_is_refused_with_the_right_name(folder: Path) -> None:
    (folder / FILE).write_text("max_body = 3\n")
    with pytest.raises(SettingsError, match=r"^max_body in seedbed.toml is not .* max_body_mib\?$"):
        load({})


def test_offloading_is_refused_where_there_is_no_gpu_to_offload_from() -> None:
    with pytest.raises(SettingsError, match=r"^--offload=layers: needs a GPU"):
        load({"device": "cpu", "offload": "layers"})
    assert load({"device": "cuda:0", "offload": "layers"}).settings.offload == "layers"


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"label_text": "Made by a robot"}, "needs a label_text with"),
        ({"label_style": "compact"}, "needs label_style gb or plate"),
    ],
)
def test_a_label_that_does_not_conform_is_refused_where_it_must(
    said: dict[str, str], fault: str
) -> None:
    with pytest.raises(SettingsError, match=rf"^--compliance=cn: {fault}"):
        load({**said, "compliance": "cn"})
    assert load(said).settings.compliance == "none"
    assert load({"compliance": "cn", "label_text": "AI生成", "label_style": "plate"})


@pytest.mark.parametrize("name", ["", "   ", "two\nlines", "x" * 201])
def test_a_producer_is_one_line(name: str) -> None:
    with pytest.raises(SettingsError, match="must be one line of 1 to 200 characters"):
        load({"producer": name})


def test_all_faults_are_told_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / FILE).write_text("threads = 0\n")
    monkeypatch.setenv("SEEDBED_PORT", "tcp://10.0.0.1:80")
    with pytest.raises(SettingsError) as caught:
        load({"device": "gpu"})
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("SEEDBED_PORT=tcp://10.0.0.1:80: ")
    assert lines[1].startswith("threads in seedbed.toml=0: ")
    assert lines[2] == "--device=gpu: must be auto, cpu, cuda or cuda:N"


def test_a_file_that_is_not_toml_is_refused(folder: Path) -> None:
    (folder / FILE).write_text("port: 3\n")
    with pytest.raises(SettingsError, match=r"seedbed\.toml is not a TOML file"):
        load({})


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEDBED_PUBLIC_URL", "")
    assert load({}).settings.public_url is None


def test_keys_have_names_or_get_one() -> None:
    keys = parse_api_keys("web:one, two")
    assert [(key.name, key.secret.get_secret_value()) for key in keys] == [
        ("web", "one"),
        ("key-2", "two"),
    ]


@pytest.mark.parametrize(
    "text", ["hush1,,hush2", "web:", ":hush", "hush,hush", "w:hush1,w:hush2", "v:hush,w:hush"]
)
def test_faulty_keys_are_refused_without_being_shown(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEEDBED_API_KEYS", text)
    with pytest.raises(SettingsError) as caught:
        load({})
    assert str(caught.value).startswith("SEEDBED_API_KEYS: ")
    assert "hush" not in str(caught.value)


def test_settings_never_print_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEDBED_API_KEYS", "web:very-secret")
    loaded = load({})
    assert "very-secret" not in repr(loaded)
    assert "very-secret" not in repr(loaded.settings.keys)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("example.com", False),
    ],
)
def test_only_loopback_addresses_count_as_private(host: str, loopback: bool) -> None:
    assert load({"host": host}).settings.loopback is loopback


@pytest.mark.parametrize("value", ["ftp://host", "host", "https://host/?a=b", "https://me:pw@host"])
def test_a_public_address_must_be_plain_http(value: str) -> None:
    with pytest.raises(SettingsError, match=r"^--public-url="):
        load({"public_url": value})


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load({}).settings.port = 1


def test_the_example_file_names_every_setting_with_its_default_and_meaning() -> None:
    text = EXAMPLE.read_text()
    assert not tomllib.loads(text), "the example changes nothing until a line is uncommented"
    for name, field in Settings.model_fields.items():
        block = text[: text.index(f"\n# {name} = ")].rpartition("\n\n")[2]
        said = " ".join(line.removeprefix("##").strip() for line in block.splitlines())
        assert said == field.description
    lines = [line[2:] for line in text.splitlines() if line.startswith("# ")]
    without_default = {n for n, f in Settings.model_fields.items() if f.default is None} | {SECRET}
    shown = tomllib.loads("\n".join(lines))
    assert list(shown) == list(Settings.model_fields)
    defaults = Settings()
    for name, value in shown.items():
        if name not in without_default:
            assert value == type(value)(getattr(defaults, name)), name


def test_every_line_of_the_example_is_accepted(folder: Path) -> None:
    lines = [line[2:] for line in EXAMPLE.read_text().splitlines() if line.startswith("# ")]
    (folder / FILE).write_text("\n".join(lines))
    (folder / "api-keys").write_text("another:third-secret\n")
    assert set(load({}).origins.values()) == {"seedbed.toml"}


def test_keys_come_from_a_file_too_one_in_each_line(folder: Path) -> None:
    (folder / "keys").write_text("# those of the web team\nweb:hush-hush\n\nsecond-secret\n")
    loaded = load({"api_keys_file": str(folder / "keys")})
    assert [(key.name, key.secret.get_secret_value()) for key in loaded.settings.keys] == [
        ("web", "hush-hush"),
        ("key-2", "second-secret"),
    ]
    assert "hush-hush" not in repr(loaded)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("# nothing but a remark\n", "must have keys, one in each line"),
        ("web:hush,hush2\n", "must have keys, one in each line"),
        ("web:hush\nweb:hush2\n", "two keys have the same name"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_faulty_file_of_keys_is_refused_without_being_shown(
    text: str | None, why: str, folder: Path
) -> None:
    if text is not None:
        (folder / "keys").write_text(text)
    with pytest.raises(SettingsError, match=why) as caught:
        load({"api_keys_file": "keys"})
    assert "hush" not in str(caught.value)


def test_keys_of_both_places_count_and_may_not_be_the_same(folder: Path) -> None:
    (folder / "keys").write_text("web:hush-hush\n")
    both = load({"api_keys": "a:b", "api_keys_file": "keys"}).settings.keys
    assert [key.name for key in both] == ["a", "web"]
    with pytest.raises(SettingsError, match=r"^--api-keys-file=keys: two keys have the same name"):
        load({"api_keys": "web:other", "api_keys_file": "keys"})


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("fd00::7", "http://[fd00::7]:8000"),
        ("box.example", "http://box.example:8000"),
    ],
)
def test_programs_of_this_machine_find_the_server(host: str, address: str) -> None:
    assert load({"host": host}).settings.address == address
