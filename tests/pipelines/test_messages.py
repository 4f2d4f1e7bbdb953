"""Everything that crosses the pipe arrives as it was sent."""

import pickle
from pathlib import Path

import pytest

from pipelines import errors
from pipelines.catalog import EMBEDDED, StandIn
from pipelines.cost import UNMEASURED
from pipelines.messages import (
    Arrived,
    Broken,
    Cancel,
    Departed,
    Done,
    Failed,
    FromWorker,
    Heartbeat,
    Loading,
    Preview,
    Progress,
    Ready,
    Shutdown,
    Submit,
    ToWorker,
    WorkerSpec,
)
from pipelines.options import EngineOptions
from pipelines.types import Bitmap, ImageRequest, Size

REQUEST = ImageRequest("r1", "embedded", "一个红色的圆", Size(128, 96), 16, 3.0, 7, client="key")
MESSAGES: list[ToWorker | FromWorker | WorkerSpec] = [
    WorkerSpec((EMBEDDED,), EngineOptions("cuda:1", threads=4)),
    Submit(REQUEST),
    Cancel("r1"),
    Shutdown(),
    Loading("embedded", 1, 2, 3.0),
    Ready("cpu", (("embedded", UNMEASURED),), (("other", 2.0),)),
    Arrived("other", UNMEASURED),
    Departed("other", 2.0),
    Progress("r1", 3, 16, 1.5),
    Preview("r1", 3, 16, Bitmap(Size(2, 1), 3, b"abcdef")),
    Done("r1", Size(128, 96)),
    Heartbeat(),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: type(m).__name__)
def test_a_message_survives_the_pipe(message: ToWorker | FromWorker | WorkerSpec) -> None:
    assert pickle.loads(pickle.dumps(message)) == message


ERRORS: list[errors.GenerationError] = [
    errors.UnknownModel("no such model", "model"),
    errors.QueueFull("full", 17.5),
    errors.Cancelled("the caller left"),
    errors.ModelBroken("a file is missing"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("wrap", [lambda e: Failed("r1", e), Broken], ids=["failed", "broken"])
def test_an_error_survives_the_pipe_with_its_fields(wrap: type, error: Exception) -> None:
    arrived = pickle.loads(pickle.dumps(wrap(error))).error

    assert type(arrived) is type(error)
    assert vars(arrived) == vars(error)
    assert str(arrived) == str(error)


def test_a_spec_knows_which_models_its_worker_will_hold() -> None:
    other = StandIn("other", "embedded", Path("other"), "Apache-2.0")

    assert WorkerSpec((EMBEDDED, other)).models == {"embedded", "other"}
