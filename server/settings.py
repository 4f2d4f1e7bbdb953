"""Reads the settings, and says what is wrong with them. Each knob is declared once, in its group.

Precedence: flags > SEEDBED_* variables > seedbed.toml in the working directory > defaults, the same
names in all four. An unknown name anywhere is refused with the nearest right one. Only `server.cli`
and what it starts read this module; everything else receives plain values.
"""

import ipaddress
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from server.nearest import hint
from server.setting_groups.drawing import DrawingSettings
from server.setting_groups.pictures import PictureSettings
from server.setting_groups.provenance import ProvenanceSettings
from server.setting_groups.serving import ServingSettings
from server.setting_values import ApiKey, read_api_keys
from server.terminal import CommandError

PREFIX = "SEEDBED_"
FILE = Path("seedbed.toml")
TABLES = ("models", "aliases")
"""Tables of the file that are no settings; `server.models.own_models` reads them."""
SECRET = "api_keys"
"""The setting whose value is never shown."""


class SettingsError(CommandError):
    """What is wrong with the settings, one line per fault."""


class Settings(ProvenanceSettings, PictureSettings, DrawingSettings, ServingSettings, BaseSettings):
    """One value per knob, checked and frozen. Build it with `load`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid", toml_file=FILE
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="least important message to log: debug, info, warning, error"
    )

    @cached_property
    def keys(self) -> tuple[ApiKey, ...]:
        """The configured API keys; empty when the server shall make its own."""
        return read_api_keys(self.api_keys.get_secret_value(), self.api_keys_file)

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

    @property
    def address(self) -> str:
        """Where programs of this machine reach the server."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

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
