"""Everything that can go wrong with weights on their way to a device, by who can mend it.

    WeightsError
    ├── LockBroken            weights.lock or weights.toml says something that may not be
    │   └── UnsafePath            a path that leaves its folder, or a file that could run code
    ├── Unlocked              not all that is needed is known; `seedbed weights lock` finds it out
    ├── LicenceNotAccepted    the operator has to accept the licence first
    ├── NoSpace               the disk is too small
    ├── StoreBusy             another command is at work in the store
    ├── Tampered              bytes that are not the locked ones
    ├── ArchiveBroken         an archive that holds anything but what it should
    └── SourceFailed          the hub, a mirror or a folder did not deliver
        ├── SourceBusy            it may deliver later
        └── SourceCut             it stopped in the middle; what came is kept

`str()` of each names the file and says what would be right. Knows no network and no tensors.
"""


class WeightsError(Exception):
    """Base of everything that is raised about weights on purpose."""


class LockBroken(WeightsError):
    pass


class UnsafePath(LockBroken):
    pass


class Unlocked(WeightsError):
    pass


class LicenceNotAccepted(WeightsError):
    pass


class NoSpace(WeightsError):
    pass


class StoreBusy(WeightsError):
    pass


class Tampered(WeightsError):
    pass


class ArchiveBroken(WeightsError):
    pass


class SourceFailed(WeightsError):
    pass


class SourceBusy(SourceFailed):
    """Units: `retry_after_s` in seconds, None where the source did not say."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class SourceCut(SourceFailed):
    pass
