"""Which open weights stand in for which line of named models, per tier of hardware. Data.

A cell names stand-ins in order of preference: the first whose weights are here draws, and of those
for pictures the first that takes as many as were sent. A stand-in is at the same time the id of its
weights in weights.lock; where the weights lie and whether they are here, it does not know.

Source: the makers' cards for families, licences and gates; speed and memory in models' own files.
Which one stands in for which name is a choice, argued in docs/models.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

from pipelines.families.base import Quality
from pipelines.options import Offload, Storage

Tier: TypeAlias = Literal["embedded", "8gb", "24gb", "80gb"]
TIERS: tuple[Tier, ...] = get_args(Tier)
GPU_TIERS: tuple[Tier, ...] = TIERS[1:]

Line: TypeAlias = Literal[
    "dall-e-2",
    "dall-e-3",
    "gpt-image-mini",
    "gpt-image",
    "seedream-3",
    "seedream",
    "seededit",
    "seedbed",
]
"""Named models that are answered alike."""
LINES: tuple[Line, ...] = get_args(Line)

Cell: TypeAlias = tuple[str, ...]
Cells: TypeAlias = Mapping[Quality, Cell]
Noise: TypeAlias = tuple[tuple[str, float | str | bool | None], ...]


@dataclass(frozen=True, slots=True)
class OpenWeights:
    """A stand-in of the catalogue, wherever its weights may lie."""

    family: str
    licence: str
    title: str
    """What its makers call it."""
    commercial: bool = True
    gated: bool = False
    base: str | None = None
    """The weights that it is a LoRA of."""
    noise: Noise = ()
    """What the noise schedule is set to in place of the folder's values."""

    @property
    def free(self) -> bool:
        """Whether nothing has to be accepted before it may be used."""
        return self.commercial and not self.gated


_NONCOMMERCIAL_FLUX = "LicenseRef-FLUX-1-dev-Non-Commercial"
_LIGHTNING_SHIFT = 1.0986122886681098
_LIGHTNING: Noise = (
    ("base_shift", _LIGHTNING_SHIFT),
    ("max_shift", _LIGHTNING_SHIFT),
    ("shift", 1.0),
    ("shift_terminal", None),
    ("time_shift_type", "exponential"),
    ("use_dynamic_shifting", True),
)
"""Source: ModelTC/Qwen-Image-Lightning README: a shift of 3, which is exp(1.0986...)."""

OPEN_WEIGHTS: Mapping[str, OpenWeights] = MappingProxyType(
    {
        "flux2-klein-4b": OpenWeights("flux2_klein", "Apache-2.0", "FLUX.2 [klein] 4B"),
        "z-image-turbo": OpenWeights("z_image_turbo", "Apache-2.0", "Z-Image-Turbo"),
        "z-image": OpenWeights("z_image", "Apache-2.0", "Z-Image"),
        "qwen-image-2512": OpenWeights("qwen_image", "Apache-2.0", "Qwen-Image-2512"),
        "qwen-image-2512-lightning": OpenWeights(
            "qwen_image_lightning",
            "Apache-2.0",
            "Qwen-Image-2512-Lightning (4 steps)",
            base="qwen-image-2512",
            noise=_LIGHTNING,
        ),
        "qwen-image-edit-2511": OpenWeights(
            "qwen_image_edit", "Apache-2.0", "Qwen-Image-Edit-2511"
        ),
        "qwen-image-edit-2511-lightning": OpenWeights(
            "qwen_image_edit_lightning",
            "Apache-2.0",
            "Qwen-Image-Edit-2511-Lightning (4 steps)",
            base="qwen-image-edit-2511",
            noise=_LIGHTNING,
        ),
        "longcat-image-edit": OpenWeights("longcat_edit", "Apache-2.0", "LongCat-Image-Edit"),
        "longcat-image-edit-turbo": OpenWeights(
            "longcat_edit_turbo", "Apache-2.0", "LongCat-Image-Edit-Turbo"
        ),
        "sdxl": OpenWeights("sdxl", "LicenseRef-OpenRAIL++-M", "Stable Diffusion XL 1.0"),
        "flux1-schnell": OpenWeights("flux_schnell", "Apache-2.0", "FLUX.1 [schnell]", gated=True),
        "flux1-dev": OpenWeights(
            "flux", _NONCOMMERCIAL_FLUX, "FLUX.1 [dev]", commercial=False, gated=True
        ),
        "flux1-kontext-dev": OpenWeights(
            "flux_kontext",
            _NONCOMMERCIAL_FLUX,
            "FLUX.1 Kontext [dev]",
            commercial=False,
            gated=True,
        ),
    }
)
"""Stand-in -> what it is. The last six answer only for names that the operator gives them."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Who draws for one line of named models."""

    generate: Cells
    edit: Cells


def _ladder(low: Cell, standard: Cell, high: Cell) -> Cells:
    return MappingProxyType({"low": low, "standard": standard, "high": high})


def _always(cell: Cell) -> Cells:
    return _ladder(cell, cell, cell)


_KLEIN: Cell = ("flux2-klein-4b",)
_EDITS_KLEIN = _always(_KLEIN)
_ALL_KLEIN = Answer(_always(_KLEIN), _EDITS_KLEIN)

_TURBO_OR_KLEIN: Cell = ("z-image-turbo", "flux2-klein-4b")
_SMALL_WORDS = Answer(_always(_TURBO_OR_KLEIN), _EDITS_KLEIN)

_TURBO = Answer(_always(("z-image-turbo",)), _EDITS_KLEIN)
_TURBO_LADDER = Answer(
    _ladder(_KLEIN, ("z-image-turbo",), ("z-image-turbo",)),
    _EDITS_KLEIN,
)

_QWEN_FAST: Cell = ("qwen-image-2512-lightning", "qwen-image-2512")
_QWEN_FULL: Cell = ("qwen-image-2512",)
_EDIT_FAST: Cell = (
    "qwen-image-edit-2511-lightning",
    "qwen-image-edit-2511",
    "flux2-klein-4b",
)
_EDIT_FULL: Cell = ("qwen-image-edit-2511", "flux2-klein-4b")
_QWEN_EDITS = _ladder(_EDIT_FAST, _EDIT_FAST, _EDIT_FULL)
_QWEN_LADDER = Answer(_ladder(_QWEN_FAST, _QWEN_FAST, _QWEN_FULL), _QWEN_EDITS)
_QWEN = Answer(_always(_QWEN_FULL), _always(_EDIT_FULL))

TABLE: Mapping[Tier, Mapping[Line, Answer]] = MappingProxyType(
    {
        "8gb": MappingProxyType(
            {
                "dall-e-2": _ALL_KLEIN,
                "dall-e-3": _SMALL_WORDS,
                "gpt-image-mini": _ALL_KLEIN,
                "gpt-image": _ALL_KLEIN,
                "seedream-3": _SMALL_WORDS,
                "seedream": _SMALL_WORDS,
                "seededit": _ALL_KLEIN,
                "seedbed": _ALL_KLEIN,
            }
        ),
        "24gb": MappingProxyType(
            {
                "dall-e-2": _ALL_KLEIN,
                "dall-e-3": _TURBO,
                "gpt-image-mini": _ALL_KLEIN,
                "gpt-image": _TURBO_LADDER,
                "seedream-3": Answer(_always(("z-image",)), _EDITS_KLEIN),
                "seedream": _TURBO,
                "seededit": _ALL_KLEIN,
                "seedbed": _TURBO_LADDER,
            }
        ),
        "80gb": MappingProxyType(
            {
                "dall-e-2": _ALL_KLEIN,
                "dall-e-3": _QWEN_LADDER,
                "gpt-image-mini": _ALL_KLEIN,
                "gpt-image": _QWEN_LADDER,
                "seedream-3": _QWEN,
                "seedream": _QWEN,
                "seededit": _QWEN,
                "seedbed": _QWEN_LADDER,
            }
        ),
    }
)
"""Who answers for which line. The embedded model answers for all of them on its own tier."""


@dataclass(frozen=True, slots=True)
class Fitting:
    """How a tier's models get onto its device when the operator does not say."""

    storage: Storage = Storage.NATIVE
    offload: Offload = Offload.NONE


FITTINGS: Mapping[Tier, Fitting] = MappingProxyType(
    {
        "embedded": Fitting(),
        "8gb": Fitting(Storage.FP8, Offload.LAYERS),
        "24gb": Fitting(offload=Offload.MODEL),
        "80gb": Fitting(),
    }
)

_GIB = 2**30
_LEAST_BYTES: Mapping[Tier, float] = MappingProxyType(
    {"8gb": 7.5 * _GIB, "24gb": 22 * _GIB, "80gb": 76 * _GIB}
)
"""Cards have a little less than their name says, the more so with error correction."""


def tier_of(gpu_bytes: int | None) -> Tier:
    """The largest tier that a GPU of this memory fills; embedded where there is none, or less."""
    held = (tier for tier in reversed(GPU_TIERS) if (gpu_bytes or 0) >= _LEAST_BYTES[tier])
    return next(held, "embedded")


def cells(tier: Tier) -> tuple[Cell, ...]:
    """Every cell of a tier."""
    answers = TABLE.get(tier, {}).values()
    ladders = (ladder for answer in answers for ladder in (answer.generate, answer.edit))
    return tuple(cell for ladder in ladders for cell in ladder.values())
