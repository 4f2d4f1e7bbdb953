"""The settings of drawing: which models, on what device, and what goes first."""

from typing import Literal

from pydantic import BaseModel, Field

from pipelines.options import StepCaching, Storage
from pipelines.scheduler import Policy
from server.setting_values import DeviceName, OffloadHere, UserPath


class DrawingSettings(BaseModel):
    """Of the workers and their engines."""

    threads: int | None = Field(
        None, ge=1, description="CPU threads of a worker; without it, one where more do not pay"
    )
    device: DeviceName = Field(
        "auto",
        description="where to draw: auto, cpu, cuda or cuda:N; auto takes a GPU when there is one",
    )
    tier: Literal["auto", "embedded", "8gb", "24gb", "80gb"] = Field(
        "auto",
        description="which models stand in for the named ones: auto (those for this machine's GPU "
        "whose weights are here), embedded, 8gb, 24gb, 80gb; a tier that is named here and lacks "
        "weights does not start",
    )
    weights_lock: UserPath | None = Field(
        None,
        description="the file that lists the weights of models to the byte; without it "
        "weights.lock in the working directory, else the one that comes with seedbed",
    )
    accept_licences: str = Field(
        "",
        description="licences of weights that were read and accepted though they forbid commercial "
        "use or have to be signed, comma separated, as seedbed weights licenses lists them",
    )
    policy: Policy = Field(
        Policy.SRPT,
        description="which request goes first: srpt (least remaining work, with ageing), edf "
        "(earliest deadline), fcfs (order of arrival)",
    )
    ageing: float = Field(
        0.5,
        ge=0,
        allow_inf_nan=False,
        description="seconds of rank that a second of waiting is worth under srpt; less favours "
        "short requests, more the long ones",
    )
    max_rows: int = Field(16, ge=1, description="rows that share one denoiser forward at most")
    memory_gib: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="GiB of a worker's device for weights; without it, four fifths of a GPU, and "
        "no limit on a CPU",
    )
    max_megapixels: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="largest picture the device draws, in megapixels (1024x1024 is 1.05); without "
        "it, what a GPU's memory was measured to take",
    )
    min_stay_s: float = Field(
        20,
        ge=0,
        allow_inf_nan=False,
        description="seconds that a model at work stays on the device while another one waits",
    )
    storage: Storage | None = Field(
        None,
        description="how denoisers' weights are kept: native, fp8 (half of the memory; pictures "
        "are not quite the same); without it fp8 on the tier 8gb, else native",
    )
    offload: OffloadHere | None = Field(
        None,
        description="which weights wait in the machine's memory until they are needed, on a GPU: "
        "none, model (all components but one), layers (all but a few layers); without it layers "
        "on the tier 8gb, model on 24gb, else none",
    )
    step_cache: StepCaching = Field(
        StepCaching.OFF,
        description="leave out denoiser forwards whose output can be predicted, at 20 steps and "
        "more: off, velocity; faster, and pictures are not quite the same",
    )
    reproducible: bool = Field(
        False,
        description="draw every picture alone, so that its bytes do not depend on other traffic; "
        "callers may ask for it in a header, see API",
    )
