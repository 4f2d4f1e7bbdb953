"""Values of settings that need more than a type: how they are written, and which are right.

Knows no setting by name, but for the device that another one needs.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, AnyHttpUrl, SecretStr, ValidationInfo

from pipelines.errors import UnsupportedValue
from pipelines.label.charset import check_text
from pipelines.options import Offload
from server.inputs.hosts import Hosts
from server.provenance.policy import Compliance, conforms

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key a caller may use, and the name its use is charged to."""

    name: str
    secret: SecretStr


def parse_api_keys(text: str) -> tuple[ApiKey, ...]:
    """Read `name:secret` or `secret`, comma separated.

    Raises: ValueError: for an empty key, or a name or secret that occurs twice.
    """
    keys = []
    for position, part in enumerate(text.split(",") if text.strip() else (), start=1):
        name, colon, secret = part.strip().rpartition(":")
        if not secret or (colon and not name):
            raise ValueError(
                f"key {position} is empty; write name:secret or secret, comma separated"
            )
        keys.append(ApiKey(name=name or f"key-{position}", secret=SecretStr(secret)))
    if len({key.name for key in keys}) < len(keys):
        raise ValueError("two keys have the same name")
    if len({key.secret.get_secret_value() for key in keys}) < len(keys):
        raise ValueError("two keys have the same secret")
    return tuple(keys)


def read_api_keys(text: str, path: Path | None) -> tuple[ApiKey, ...]:
    """The keys of a text, and after them those of a file: `name:secret` or `secret` in each line.

    Lines that are empty or begin with # say nothing.
    Raises: ValueError: the file cannot be read or has none, or a key is wrong.
    """
    if path is None:
        return parse_api_keys(text)
    try:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot be read: {getattr(error, 'strerror', 'it is no text')}") from None
    said = [line for line in lines if line and not line.startswith("#")]
    if not said or any("," in line for line in said):
        raise ValueError("must have keys, one in each line: name:secret or secret")
    return parse_api_keys(",".join([*([text] if text.strip() else []), *said]))


def _check_api_keys_file(value: Path, info: ValidationInfo) -> Path:
    path = value.expanduser()
    if "api_keys" in info.data:  # else they are wrong themselves, and that is told already
        read_api_keys(info.data["api_keys"].get_secret_value(), path)
    return path


def _check_api_keys(value: SecretStr) -> SecretStr:
    parse_api_keys(value.get_secret_value())
    return value


def _check_offload(value: Offload, info: ValidationInfo) -> Offload:
    if value is not Offload.NONE and info.data.get("device") == "cpu":
        raise ValueError("needs a GPU, and the device is set to cpu")
    return value


def _check_device(value: str) -> str:
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", value):
        raise ValueError("must be auto, cpu, cuda or cuda:N")
    return value


def _check_label_text(value: str) -> str:
    try:
        check_text(value)
    except UnsupportedValue as error:
        raise ValueError(error.message) from error
    return value


def _check_compliance(value: Compliance, info: ValidationInfo) -> Compliance:
    text, style = info.data.get("label_text"), info.data.get("label_style")
    if value == "cn" and text is not None and not conforms(text):
        raise ValueError("needs a label_text with 人工智能 or AI, and 生成 or 合成")
    if value == "cn" and style == "compact":
        raise ValueError("needs label_style gb or plate: compact is smaller than 5 %")
    return value


def _check_line(value: str) -> str:
    if not value.strip() or not value.isprintable() or len(value) > _LONGEST_NAME:
        raise ValueError(f"must be one line of 1 to {_LONGEST_NAME} characters")
    return value


def _check_hosts(value: str) -> str:
    Hosts.parse(value)
    return value


def _check_public_url(value: AnyHttpUrl) -> AnyHttpUrl:
    if value.query or value.fragment or value.username or value.password:
        raise ValueError("must be an address without user, query and fragment")
    return value


ApiKeys: TypeAlias = Annotated[SecretStr, AfterValidator(_check_api_keys)]
ApiKeysFile: TypeAlias = Annotated[Path, AfterValidator(_check_api_keys_file)]
DeviceName: TypeAlias = Annotated[str, AfterValidator(_check_device)]
ComplianceHere: TypeAlias = Annotated[Compliance, AfterValidator(_check_compliance)]
LabelText: TypeAlias = Annotated[str, AfterValidator(_check_label_text)]
HostList: TypeAlias = Annotated[str, AfterValidator(_check_hosts)]
OffloadHere: TypeAlias = Annotated[Offload, AfterValidator(_check_offload)]
OneLine: TypeAlias = Annotated[str, AfterValidator(_check_line)]
PublicUrl: TypeAlias = Annotated[AnyHttpUrl, AfterValidator(_check_public_url)]
UserPath: TypeAlias = Annotated[Path, AfterValidator(Path.expanduser)]
"""A path in which ~ is the user's folder."""
