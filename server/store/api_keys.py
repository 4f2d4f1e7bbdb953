"""Which keys callers may use: the configured ones, or one that this machine made for itself."""

import secrets
from pathlib import Path

from pydantic import SecretStr

from server.setting_values import ApiKey
from server.settings import Settings
from server.store.secret_file import read_or_make
from server.terminal import CommandError

FILE = "api-key"
OWN_NAME = "local"
_BYTES = 32


def callers_keys(settings: Settings) -> tuple[ApiKey, ...]:
    """The keys of a server; the first start on the loopback address makes one.

    Raises: CommandError: no key is configured and others can reach the server.
    """
    if settings.keys:
        return settings.keys
    if not settings.loopback:
        raise CommandError(
            f"others can reach {settings.host}, so callers need keys: set SEEDBED_API_KEYS to one "
            "or more secrets, comma separated, or SEEDBED_API_KEYS_FILE to a file of them, or "
            "listen on 127.0.0.1"
        )
    return (_read_or_make(key_file(settings)),)


def senders_key(settings: Settings) -> str | None:
    """The key that a command on this machine sends; None when it knows none."""
    if settings.keys:
        return settings.keys[0].secret.get_secret_value()
    path = key_file(settings)
    return _read_or_make(path).secret.get_secret_value() if path.exists() else None


def key_file(settings: Settings) -> Path:
    """Where the key is kept that this machine made."""
    return settings.data_dir / FILE


def _read_or_make(path: Path) -> ApiKey:
    try:
        secret = read_or_make(path, _new_key).decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"the key in {path} cannot be read or made: {error}") from error
    if not secret:
        raise CommandError(f"{path} is empty: remove it, and the next start makes a new key")
    return ApiKey(OWN_NAME, SecretStr(secret))


def _new_key() -> bytes:
    return f"sk-{secrets.token_urlsafe(_BYTES)}\n".encode()
