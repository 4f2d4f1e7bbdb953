"""Reads `data:` addresses: a picture's bytes written out in the address itself. Pure."""

import binascii

from server.errors import BadImageAddress, ImageTooLarge


def is_data_url(address: str) -> bool:
    """Whether the bytes stand in the address."""
    return address[:5].lower() == "data:"


def read_data_url(address: str, param: str, max_bytes: int) -> bytes:
    """Return the bytes. What the address says of their type is not believed, so not looked at.

    Raises: BadImageAddress, ImageTooLarge.
    """
    head, comma, text = address.partition(",")
    if not comma or not head.lower().endswith(";base64"):
        raise BadImageAddress("Write it as data:image/png;base64, and the bytes.", param)
    text = text.rstrip()
    if len(text) * 3 // 4 > max_bytes + 2:
        raise ImageTooLarge(max_bytes, param)
    usual = text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)
    try:
        return binascii.a2b_base64(usual, strict_mode=True)
    except ValueError:
        raise BadImageAddress("Its bytes are not written as base64.", param) from None
