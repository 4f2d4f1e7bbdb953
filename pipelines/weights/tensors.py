"""Looks at the head of a safetensors file without the library: is it one, and is it whole?

A pickle with a friendly name, a header longer than its file, and offsets that overlap are refused
before any library reads them.
Source: the format described in huggingface/safetensors README, "Format".
"""

import json
from pathlib import Path
from typing import Any

from pipelines.weights.errors import Tampered

SUFFIX = ".safetensors"
MAX_HEADER = 100_000_000
"""The library's own limit."""
_LENGTH_BYTES = 8


def check_safetensors(file: Path, name: str) -> None:
    """Refuse a file named .safetensors that is none. Other files pass.

    Raises: Tampered: `name` says which file, in the words of whoever asks.
    """
    if not name.endswith(SUFFIX):
        return
    size = file.stat().st_size
    with file.open("rb") as stream:
        head = stream.read(_LENGTH_BYTES)
        length = int.from_bytes(head, "little")
        if len(head) < _LENGTH_BYTES or length > min(MAX_HEADER, size - _LENGTH_BYTES):
            raise Tampered(
                f"{name} is not a safetensors file: its header would have {length:,} bytes, "
                f"the file has {size:,}"
            )
        header = _header(stream.read(length), name)
    _check_offsets(header, size - _LENGTH_BYTES - length, name)


def _header(data: bytes, name: str) -> dict[str, Any]:
    try:
        header = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Tampered(f"{name} is not a safetensors file: its header is not JSON") from error
    if not isinstance(header, dict):
        raise Tampered(f"{name} is not a safetensors file: its header is no JSON object")
    header.pop("__metadata__", None)
    return header


def _check_offsets(header: dict[str, Any], data_bytes: int, name: str) -> None:
    """Tensors lie one after the other and fill the file."""
    try:
        spans = sorted(tuple(tensor["data_offsets"]) for tensor in header.values())
        end = 0
        for first, last in spans:
            if first != end or last < first:
                raise ValueError
            end = last
    except (KeyError, TypeError, ValueError) as error:
        raise Tampered(f"{name}: the offsets in its header do not follow each other") from error
    if end != data_bytes:
        raise Tampered(f"{name}: its tensors need {end:,} bytes, it holds {data_bytes:,}")
