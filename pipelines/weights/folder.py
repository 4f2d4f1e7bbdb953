"""A folder as a source: another store, the cache of huggingface_hub, or a download of one model."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.weights.errors import SourceFailed
from pipelines.weights.lock import LockedFile, LockedWeights

_CHUNK = 4 << 20


class FolderSource:
    """Knows three ways in which people keep weights. Nothing in it is trusted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def name(self) -> str:
        return str(self._folder)

    @contextmanager
    def open(
        self, entry: LockedWeights, file: LockedFile, offset: int
    ) -> Iterator[Iterator[bytes]]:
        """Raises: SourceFailed: it is not there, or cannot be read."""
        path = self._find(entry, file)
        try:
            with path.open("rb", buffering=0) as stream:
                stream.seek(offset)
                yield iter(lambda: stream.read(_CHUNK), b"")
        except OSError as error:
            raise SourceFailed(f"{path} cannot be read: {error.strerror}") from error

    def _find(self, entry: LockedWeights, file: LockedFile) -> Path:
        cached = f"models--{entry.repo.removeprefix('hf://').replace('/', '--')}"
        places = (
            self._folder / entry.id / entry.commit / file.path,
            self._folder / cached / "snapshots" / entry.commit / file.path,
            self._folder / file.path,
        )
        for place in places:
            # A file cut short or longer than the lock says would only fail later.
            if place.is_file() and place.stat().st_size == file.size:
                return place
        raise SourceFailed(
            f"{entry.id}: {file.path} with {file.bytes:,} bytes is not in {self._folder}; looked "
            f"for it as {', '.join(str(p.relative_to(self._folder)) for p in places)}"
        )
