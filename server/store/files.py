"""Keeps finished pictures on disk while their addresses are valid, and serves them.

Rule 1: a picture is on the disk, and so is its name, before the caller hears of it.
Rule 2: no text from outside ever becomes part of a path: names are checked letter by letter.
Rule 3: the signature stands in the path, so that an address ends like a file name.
Knows no dialect and no model.
"""

import hashlib
import os
import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from itsdangerous import BadSignature, Signer
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from pipelines.errors import StorageFailure
from pipelines.post.encode import EXTENSIONS, MEDIA_TYPES
from pipelines.types import Picture
from server.errors import BadLink, NoSuchPicture
from server.store.secret_file import read_or_make, sync_folder

DAY_S = 24 * 3600
KEEP_S = 30 * DAY_S
_GRACE_S = 3600
"""A picture outlives its last address, so that a download that has begun can end."""
_ID_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 26
_NAME = re.compile(rf"[{_ID_LETTERS}]{{{_ID_LENGTH}}}\.({'|'.join(EXTENSIONS.values())})")
_MEDIA_TYPE_OF = {EXTENSIONS[form]: media_type for form, media_type in MEDIA_TYPES.items()}


class FileStore:
    """The pictures of calls, those that are kept longer, and the secret that signs addresses."""

    def __init__(
        self,
        data_dir: Path,
        valid_s: float = DAY_S,
        now: Callable[[], float] = time.time,
        keep_s: float = KEEP_S,
    ) -> None:
        """Open the folder, making it if need be, and remove what has expired.

        An address is valid for `valid_s`, that of a kept picture for `keep_s`.

        Raises: StorageFailure: the folder cannot be written.
        """
        self._folder = data_dir / "pictures"
        self._kept_folder = data_dir / "kept-pictures"
        self._valid_s = valid_s
        self._keep_s = keep_s
        self._now = now
        try:
            for folder in (self._folder, self._kept_folder):
                folder.mkdir(parents=True, exist_ok=True)
            secret = read_or_make(data_dir / "link-secret", partial(secrets.token_bytes, 32))
            self._sweep_unfinished()
            self.sweep()
        except OSError as error:
            raise StorageFailure(f"cannot keep pictures in {data_dir}: {error.strerror}") from error
        self._signer = Signer(secret, salt="seedbed picture", digest_method=hashlib.sha256)

    def save(self, picture: Picture) -> str:
        """Store a picture durably and return its name.

        Raises: StorageFailure: the disk is full or broken.
        """
        stem = "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_LENGTH))
        name = f"{stem}.{_extension(picture)}"
        temporary = self._folder / f"{name}.tmp"
        try:
            with temporary.open("xb") as file:
                file.write(picture.data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._folder / name)
            sync_folder(self._folder)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise StorageFailure("The picture could not be stored.") from error
        return name

    def discard(self, name: str) -> None:
        """Remove a picture whose name nobody was told; what cannot be removed now expires."""
        with suppress(OSError):
            (self._folder / name).unlink()

    def keep(self, name: str) -> None:
        """Let a picture live for `keep_s`: whoever ordered it comes for it later.

        Raises: StorageFailure.
        """
        try:
            (self._folder / name).replace(self._kept_folder / name)
            sync_folder(self._kept_folder)
        except OSError as error:
            raise StorageFailure("The picture could not be kept.") from error

    def path(self, name: str, *, kept: bool = False) -> str:
        """The signed path of a picture's address."""
        expires = str(int(self._now() + (self._keep_s if kept else self._valid_s)))
        signature = self._signer.get_signature(f"{name}.{expires}").decode()
        return f"/files/{expires}.{signature}/{name}"

    def find(self, token: str, name: str) -> Path:
        """Return the file a signed address means.

        Raises: NoSuchPicture: no picture has this name; BadLink: the address is not ours or is
        too old.
        """
        if not _NAME.fullmatch(name):
            raise NoSuchPicture(f"There is no picture '{name[:40]}'.")
        expires, _, signature = token.partition(".")
        try:
            self._signer.unsign(f"{name}.{expires}.{signature}")
        except BadSignature:
            raise BadLink("This address was not signed by this server.") from None
        if int(expires) < self._now():
            raise BadLink("This address has expired.")
        for folder in (self._folder, self._kept_folder):
            if (folder / name).is_file():
                return folder / name
        raise NoSuchPicture(f"There is no picture '{name}' any more.")

    def sweep(self) -> int:
        """Remove the pictures whose addresses have all expired; return how many."""
        return self._sweep_folder(self._folder, self._valid_s) + self._sweep_folder(
            self._kept_folder, self._keep_s
        )

    def _sweep_folder(self, folder: Path, valid_s: float) -> int:
        oldest = self._now() - valid_s - _GRACE_S
        removed = 0
        for path in folder.iterdir():
            with suppress(FileNotFoundError):  # it has just got its name, or is kept now
                if path.stat().st_mtime < oldest:
                    path.unlink()
                    removed += 1
        return removed

    def _sweep_unfinished(self) -> None:
        """Remove what a killed server left half written."""
        for path in self._folder.glob("*.tmp"):
            path.unlink(missing_ok=True)

    async def serve(self, request: Request) -> Response:
        """Answer GET and HEAD of a picture's address. No key is needed, and none is looked at."""
        name = request.path_params["name"]
        path = await run_in_threadpool(self.find, request.path_params["token"], name)
        return FileResponse(
            path,
            media_type=_MEDIA_TYPE_OF[path.suffix[1:]],
            stat_result=await run_in_threadpool(path.stat),
            headers={
                "cache-control": f"private, max-age={int(self._valid_s)}, immutable",
                "content-disposition": f'inline; filename="{name}"',
                "content-security-policy": "default-src 'none'",
                "x-content-type-options": "nosniff",
            },
        )


def _extension(picture: Picture) -> str:
    return next(ending for form, ending in EXTENSIONS.items() if form == picture.format)
