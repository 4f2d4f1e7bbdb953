"""The operator's own models and aliases: two tables of seedbed.toml.

    [[models]]
    name = "my-sdxl"
    folder = "/models/my-sdxl"

    [aliases]
    "gpt-image-1" = "my-sdxl"

It reads and checks them; `server.models.catalogue` makes stand-ins of them.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipelines.families import FAMILIES
from server.nearest import hint
from server.terminal import CommandError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,79}")


def _check_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("must be letters, digits and _.:/- (80 at most), a letter or digit first")
    return value


def _check_family(value: str | None) -> str | None:
    if value is not None and value not in FAMILIES:
        raise ValueError(f"there is no family {value}{hint(value, list(FAMILIES))}")
    return value


Name = Annotated[str, AfterValidator(_check_name)]
Folder = Annotated[Path, AfterValidator(Path.expanduser)]


class OwnModel(BaseModel):
    """One [[models]] table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    folder: Folder | None = None
    """A diffusers pipeline."""
    hub: str | None = None
    """owner/name: a repository of weights.lock."""
    base: str | None = None
    """Another model, which this one changes."""
    file: Folder | None = None
    """A single safetensors file whose weights take the place of those of folder, hub or base."""
    lora: Folder | None = None
    lora_scale: float = Field(1.0, ge=-10, le=10, allow_inf_nan=False)
    family: Annotated[str | None, AfterValidator(_check_family)] = None
    """Unsaid: what its files tell."""
    licence: str = "unknown"
    commercial: bool = True
    steps: int | None = Field(None, ge=1, le=1000)
    guidance: float | None = Field(None, ge=0, le=100, allow_inf_nan=False)

    @model_validator(mode="after")
    def _one_source(self) -> "OwnModel":
        said = [name for name in ("folder", "hub", "base") if getattr(self, name) is not None]
        if self.file is not None and not said:
            raise ValueError(
                "a single file needs base, folder or hub beside it: a model of the same kind, "
                "whose configuration and text encoders it takes"
            )
        if len(said) != 1:
            raise ValueError(
                f"needs one of folder, hub and base, and has {' and '.join(said) or 'none'}"
            )
        if self.base is not None and self.file is None and self.lora is None:
            raise ValueError("says nothing but its base: an alias does that")
        return self


@dataclass(frozen=True, slots=True)
class OwnModels:
    """Both tables."""

    models: tuple[OwnModel, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)


def read_own_models(file: Path) -> OwnModels:
    """Read both tables; a file that is not there has none.

    Raises: CommandError: one line per fault.
    """
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    except (OSError, ValueError) as error:
        raise CommandError(f"{file} is not a TOML file: {error}") from error
    faults: list[str] = []
    models = [
        model
        for number, table in enumerate(_tables(content.get("models", []), faults, file), start=1)
        if (model := _model(table, number, faults, file)) is not None
    ]
    aliases = _aliases(content.get("aliases", {}), faults, file)
    names = [model.name for model in models]
    faults += [f"{file}: two models have the name {name}" for name in _twice(names)]
    if faults:
        raise CommandError("\n".join(faults))
    return OwnModels(tuple(models), aliases)


def _tables(value: object, faults: list[str], file: Path) -> list[Mapping[str, Any]]:
    if isinstance(value, list) and all(isinstance(each, dict) for each in value):
        return value
    faults.append(f"{file}: models must be tables: write [[models]] above each")
    return []


def _model(table: Mapping[str, Any], number: int, faults: list[str], file: Path) -> OwnModel | None:
    where = f"{file}: model {table.get('name', number)!s:.80}"
    right = list(OwnModel.model_fields)
    unknown = [name for name in table if name not in right]
    faults += [f"{where}: {name} is not known{hint(name, right)}" for name in unknown]
    try:
        return OwnModel(**{name: value for name, value in table.items() if name in right})
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            at = f": {fault['loc'][0]}" if fault["loc"] else ""
            faults.append(f"{where}{at}: {fault['msg'].removeprefix('Value error, ')}")
        return None


def _aliases(value: object, faults: list[str], file: Path) -> Mapping[str, str]:
    if not isinstance(value, dict):
        faults.append(f'{file}: aliases must be a table: "gpt-image-1" = "my-model"')
        return {}
    for name, target in value.items():
        if not isinstance(target, str) or not _NAME.fullmatch(name):
            faults.append(f"{file}: alias {name[:80]}: both sides must be names of models")
    return value


def _twice(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})
