"""Every knob of the server, once: its name, default, range and meaning.

Precedence: flags > SEEDBED_* variables > seedbed.toml in the working directory > defaults, the same
names in all four. An unknown name anywhere is refused with the nearest right one. Only `server.cli`
and what it starts read this module; everything else receives plain values.
"""

import ipaddress
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from pipelines.options import StepCaching, Storage
from pipelines.scheduler import Policy
from server.nearest import hint
from server.setting_values import (
    ApiKey,
    ApiKeys,
    DeviceName,
    HostList,
    OffloadHere,
    PublicUrl,
    UserPath,
    parse_api_keys,
)
from server.sizing import Upscale
from server.terminal import CommandError

PREFIX = "SEEDBED_"
FILE = Path("seedbed.toml")
TABLES = ("models", "aliases")
"""Tables of the file that are no settings; `server.models.own_models` reads them."""
SECRET = "api_keys"
"""The setting whose value is never shown."""


class SettingsError(CommandError):
    """What is wrong with the settings, one line per fault."""


class Settings(BaseSettings):
    """One value per knob, checked and frozen. Build it with `load`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid", toml_file=FILE
    )

    host: str = Field("127.0.0.1", min_length=1, description="address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    api_keys: ApiKeys = Field(
        SecretStr(""),
        description="keys callers may use, comma separated, each name:secret or secret; with none, "
        "a server on the loopback address makes its own (never put keys into flags on a shared "
        "machine: other users can read them)",
    )
    data_dir: UserPath = Field(
        Path("data"), description="folder of the pictures and of the key made at the first start"
    )
    public_url: PublicUrl | None = Field(
        None,
        description="address that picture URLs begin with; without it, the one the request came to",
    )
    cors_origins: str = Field(
        "",
        description="web origins whose pages may call the API from a browser, comma separated; "
        "* means all",
    )
    max_body_mib: int = Field(64, ge=1, description="largest JSON body accepted, in MiB")
    max_form_mib: int = Field(
        256, ge=1, description="largest form with files accepted, in MiB; files go to the disk"
    )
    fetch_references: bool = Field(
        True, description="fetch pictures from the addresses on the public internet callers name"
    )
    reference_hosts: HostList = Field(
        "",
        description="hosts that pictures are fetched from all the same, also on a private network: "
        "names, *.domain, addresses and networks, comma separated",
    )
    sizes: Literal["strict", "snap"] = Field(
        "strict",
        description="what becomes of a size the named model does not have: strict refuses it and "
        "names those it has, snap takes the nearest and says so in x-seedbed-size",
    )
    ark_errors: Literal["seed", "native"] = Field(
        "seed",
        description="which code a wrong parameter has in the body of the Ark path: seed "
        "(invalid_parameters), native (the vendor's own, InvalidParameter.size)",
    )
    requests_per_minute: int = Field(
        0,
        ge=0,
        description="drawing calls that each key may make in a minute before it gets 429; "
        "0 does not count them",
    )
    azure_keys: bool = Field(
        True,
        description="take the key of the OpenAI paths also from the header api-key, as clients of "
        "Azure send it",
    )
    a1111: bool = Field(
        False,
        description="serve the API of the AUTOMATIC1111 web UI under /sdapi too, for front ends "
        "that speak no other; a key goes in as the password of basic authentication",
    )
    client_timeout_s: float = Field(
        20,
        gt=0,
        allow_inf_nan=False,
        description="seconds that a client may be slower than 4 KiB/s in sending a request, or "
        "thrice as long in fetching an answer, before its connection is closed",
    )
    max_backlog_s: float = Field(
        600,
        gt=0,
        allow_inf_nan=False,
        description="work that may wait, in predicted seconds, before callers get 429",
    )
    hang_s: float = Field(
        120,
        gt=0,
        allow_inf_nan=False,
        description="seconds without a sign of life after which a worker is replaced",
    )
    drain_s: float = Field(
        30,
        ge=0,
        allow_inf_nan=False,
        description="seconds that accepted requests get to finish when the server stops",
    )
    threads: int | None = Field(
        None, ge=1, description="CPU threads of a worker; without it, one where more do not pay"
    )
    device: DeviceName = Field(
        "auto",
        description="where to draw: auto, cpu, cuda or cuda:N; auto takes a GPU when there is one",
    )
    tier: Literal["auto", "embedded", "8gb", "24gb", "80gb"] = Field(
        "auto",
        description="which models stand in for the named ones: auto (those for this machine's GPU "
        "whose weights are here), embedded, 8gb, 24gb, 80gb; a tier that is named here and lacks "
        "weights does not start",
    )
    weights_lock: UserPath | None = Field(
        None,
        description="the file that lists the weights of models to the byte; without it "
        "weights.lock in the working directory, else the one that comes with seedbed",
    )
    accept_licences: str = Field(
        "",
        description="licences of weights that were read and accepted though they forbid commercial "
        "use or have to be signed, comma separated, as seedbed weights licenses lists them",
    )
    policy: Policy = Field(
        Policy.SRPT,
        description="which request goes first: srpt (least remaining work, with ageing), edf "
        "(earliest deadline), fcfs (order of arrival)",
    )
    ageing: float = Field(
        0.5,
        ge=0,
        allow_inf_nan=False,
        description="seconds of rank that a second of waiting is worth under srpt; less favours "
        "short requests, more the long ones",
    )
    max_rows: int = Field(16, ge=1, description="rows that share one denoiser forward at most")
    memory_gib: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="GiB of a worker's device for weights; without it, four fifths of a GPU, and "
        "no limit on a CPU",
    )
    max_megapixels: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="largest picture the device draws, in megapixels (1024x1024 is 1.05); without "
        "it, what a GPU's memory was measured to take",
    )
    min_stay_s: float = Field(
        20,
        ge=0,
        allow_inf_nan=False,
        description="seconds that a model at work stays on the device while another one waits",
    )
    storage: Storage | None = Field(
        None,
        description="how denoisers' weights are kept: native, fp8 (half of the memory; pictures "
        "are not quite the same); without it fp8 on the tier 8gb, else native",
    )
    offload: OffloadHere | None = Field(
        None,
        description="which weights wait in the machine's memory until they are needed, on a GPU: "
        "none, model (all components but one), layers (all but a few layers); without it layers "
        "on the tier 8gb, model on 24gb, else none",
    )
    step_cache: StepCaching = Field(
        StepCaching.OFF,
        description="leave out denoiser forwards whose output can be predicted, at 20 steps and "
        "more: off, velocity; faster, and pictures are not quite the same",
    )
    reproducible: bool = Field(
        False,
        description="draw every picture alone, so that its bytes do not depend on other traffic; "
        "callers may ask for it in a header, see API",
    )
    upscale: Upscale = Field(
        "allow",
        description="sizes above what a model draws: allow enlarges what it draws, deny refuses "
        "them and names the largest of that shape",
    )
    upscalers: str = Field(
        "",
        description="safetensors files of Real-ESRGAN networks that enlarge pictures, comma "
        "separated; without it those that seedbed weights fetched, and without those Lanczos",
    )
    matting: UserPath | None = Field(
        None,
        description="safetensors file of BiRefNet, which cuts subjects out for transparent "
        "pictures; without it what seedbed weights fetched, and without that a simple cut-out of "
        "plain backgrounds",
    )
    style_words: bool = Field(
        True,
        description="add words for dall-e-3's vivid and natural to the prompt; revised_prompt "
        "shows them",
    )
    moderation_rules: UserPath | None = Field(
        None,
        description="file of words that may not be drawn, see docs/moderation.md; it is read again "
        "when it changes",
    )
    image_classifier: str = Field(
        "off",
        min_length=1,
        description="what looks at pictures before they are sent, drawn or to begin from, and "
        "refuses those it calls nsfw: off, fetched (nsfw-image-detection of seedbed weights), or "
        "the folder of an image classifier",
    )
    nsfw_threshold: float = Field(
        0.5,
        gt=0,
        le=1,
        description="how sure the image classifier must be to refuse a picture, up to 1",
    )
    url_ttl_hours: float = Field(
        24, gt=0, allow_inf_nan=False, description="hours that a picture's signed URL stays valid"
    )
    batch_rows: int = Field(
        8,
        ge=1,
        description="rows of batches that are drawn at once at most, all batches together; a row "
        "with n pictures counts n times",
    )
    max_batch_mib: int = Field(
        200, ge=1, description="largest file of a batch's requests accepted, in MiB"
    )
    batch_ttl_days: int = Field(
        30, ge=1, description="days that files of batches and the pictures they name are kept"
    )
    gpt_image_response: Literal["both", "b64_json"] = Field(
        "both",
        description="what gpt-image models send when response_format is not said: both, b64_json",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="least important message to log: debug, info, warning, error"
    )

    @property
    def keys(self) -> tuple[ApiKey, ...]:
        """The configured API keys; empty when the server shall make its own."""
        return parse_api_keys(self.api_keys.get_secret_value())

    @property
    def origins(self) -> tuple[str, ...]:
        """The web origins whose pages may call the API."""
        return tuple(origin.strip() for origin in self.cors_origins.split(",") if origin.strip())

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _File(settings_cls)


class _File(TomlConfigSettingsSource):
    """The settings of the file, without its tables."""

    def __call__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__call__().items() if name not in TABLES}


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, and for each where its value came from."""

    settings: Settings
    origins: dict[str, str]


def load(flags: Mapping[str, Any]) -> Loaded:
    """Read the settings of this process; `flags` holds what was said on the command line.

    Raises: SettingsError: for an unknown name, a value out of range, or a file that is not TOML.
    """
    try:
        file = _File(Settings)()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{FILE} is not a TOML file: {error}") from error
    unknown = [*_unknown_variables(os.environ), *_unknown_keys(file)]
    if unknown:
        raise SettingsError("\n".join(unknown))
    origins = dict.fromkeys(Settings.model_fields, "default")
    origins.update(dict.fromkeys(file, str(FILE)))
    origins.update({name: PREFIX + name.upper() for name in EnvSettingsSource(Settings)()})
    origins.update({name: flag(name) for name in flags})
    try:
        return Loaded(Settings(**flags), origins)
    except ValidationError as error:
        raise SettingsError(_describe(error, origins)) from error


def flag(name: str) -> str:
    """The command-line flag of a setting."""
    return "--" + name.replace("_", "-")


def _unknown_variables(environ: Iterable[str]) -> list[str]:
    right = [PREFIX + name.upper() for name in Settings.model_fields]
    names = sorted(name for name in environ if name.upper().startswith(PREFIX))
    return [
        f"{name} is not a setting{hint(name.upper(), right)}"
        for name in names
        if name.upper() not in right
    ]


def _unknown_keys(file: Mapping[str, object]) -> list[str]:
    right = [*Settings.model_fields, *TABLES]
    return [
        f"{name} in {FILE} is not a setting{hint(name, right)}"
        for name in file
        if name not in right
    ]


def _describe(error: ValidationError, origins: Mapping[str, str]) -> str:
    lines = []
    for fault in error.errors(include_url=False):
        name = str(fault["loc"][0])
        origin = origins[name]
        where = f"{name} in {FILE}" if origin == str(FILE) else origin
        value = "" if name == SECRET else f"={fault['input']}"
        lines.append(f"{where}{value}: {fault['msg'].removeprefix('Value error, ')}")
    return "\n".join(lines)
