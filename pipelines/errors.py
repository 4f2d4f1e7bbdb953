"""Everything that can go wrong with a picture, by who can mend it.

    GenerationError
    ├── RequestError              the caller can mend the request; carries `param`
    │   ├── UnknownModel
    │   ├── InvalidParameter
    │   │   ├── MissingParameter      a required value is absent or empty
    │   │   ├── WrongType             a value of another JSON type
    │   │   ├── TooLarge, TooSmall    a number beyond its range
    │   │   ├── TooLong               a text beyond its length
    │   │   └── UnsupportedValue      well formed, but not one of what this model can do
    │   ├── InvalidImage          a reference that cannot be read
    │   └── ContentRejected       a policy said no
    ├── CapacityError             the same request may succeed later; carries `retry_after_s`
    │   ├── QueueFull
    │   ├── NotReady                  no worker is up yet
    │   ├── WorkerLost                the process drawing it died
    │   └── ShuttingDown
    ├── Cancelled                 the caller left
    └── EngineError               our fault
        ├── UnsupportedSetting        an operator's wish that this device cannot fulfil
        ├── ModelBroken               weights that cannot be loaded; names the file
        ├── OutOfMemory               even alone in its batch
        ├── ModelFailure              an exception or NaN inside the model
        ├── PoisonRequest             it killed the worker twice
        └── StorageFailure

No HTTP status here: `server.errors` maps these onto statuses, and each dialect onto its own body.
Every class survives pickling with its fields, because errors cross the worker's pipe.
"""


class GenerationError(Exception):
    """Base of everything the engine raises on purpose. `str()` is safe to show to the caller."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class RequestError(GenerationError):
    """The caller can mend the request; `param` names the field, None when it is the whole body."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param

    def __reduce__(self) -> tuple[type["RequestError"], tuple[object, ...]]:
        return type(self), (self.message, self.param)


class UnknownModel(RequestError):
    pass


class InvalidParameter(RequestError):
    pass


class MissingParameter(InvalidParameter):
    pass


class WrongType(InvalidParameter):
    pass


class TooLarge(InvalidParameter):
    pass


class TooSmall(InvalidParameter):
    pass


class TooLong(InvalidParameter):
    pass


class UnsupportedValue(InvalidParameter):
    pass


class InvalidImage(RequestError):
    pass


class ContentRejected(RequestError):
    """A policy said no: to what `param` holds, or to the picture that was drawn when it is None.

    `categories` say in a word each what it is said to be.
    """

    def __init__(
        self, message: str, param: str | None = None, categories: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message, param)
        self.categories = categories

    def __reduce__(self) -> tuple[type["ContentRejected"], tuple[object, ...]]:
        return type(self), (self.message, self.param, self.categories)


class CapacityError(GenerationError):
    """The same request may succeed in `retry_after_s` seconds."""

    def __init__(self, message: str, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s

    def __reduce__(self) -> tuple[type["CapacityError"], tuple[str, float]]:
        return type(self), (self.message, self.retry_after_s)


class QueueFull(CapacityError):
    pass


class NotReady(CapacityError):
    pass


class WorkerLost(CapacityError):
    pass


class ShuttingDown(CapacityError):
    pass


class Cancelled(GenerationError):
    """The caller left, or asked for the drawing to stop."""


class EngineError(GenerationError):
    """Our fault; sending the same request again will not help."""


class UnsupportedSetting(EngineError):
    pass


class ModelBroken(EngineError):
    pass


class OutOfMemory(EngineError):
    pass


class ModelFailure(EngineError):
    pass


class PoisonRequest(EngineError):
    pass


class StorageFailure(EngineError):
    pass
