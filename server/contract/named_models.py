"""What each model name promises callers: sizes, lengths, counts, defaults.

Data about the published APIs. Which weights draw for a name is `pipelines.catalog`'s business.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, TypeAlias

from pipelines.errors import UnknownModel
from pipelines.families.base import USUAL_SCALE, Quality
from pipelines.tiers import Line
from pipelines.types import Fidelity, Size
from server.contract.sizes import (
    EDIT_SIZES,
    TIER_1K,
    TIER_1K5,
    TIER_2K,
    TIER_2K_PRO,
    TIER_3K,
    TIER_4K,
    FreeSize,
    SizeRule,
)
from server.inputs.picture_rule import MIB, NO_PICTURES, PictureRule

Brand: TypeAlias = Literal["dall-e", "gpt-image", "seedream", "seedbed"]

_ANY_QUALITY: Mapping[str, Quality] = MappingProxyType(
    {
        "low": "low",
        "medium": "standard",
        "standard": "standard",
        "auto": "standard",
        "high": "high",
        "hd": "high",
        "xhigh": "high",
        "max": "high",
    }
)


def _only(*words: str) -> Mapping[str, Quality]:
    return MappingProxyType({word: _ANY_QUALITY[word] for word in words})


@dataclass(frozen=True, slots=True)
class Abilities:
    """What only some models can be asked for."""

    streams: bool = False
    """Its answer can be told in events."""
    groups: bool = False
    """A prompt may ask for several pictures."""
    tools: bool = True
    """A call may offer it tools."""
    fast_optimizing: bool = False
    """A prompt may be rewritten in fast mode."""
    transparent: bool = False
    """A picture may have no background."""
    variations: bool = False
    """It draws pictures like another one, without a prompt."""
    styles: bool = False
    """A picture may be asked for as vivid or as natural."""


@dataclass(frozen=True, slots=True)
class NamedModel:
    """The contract of one model name. Units: `max_prompt` in Unicode characters."""

    id: str
    brand: Brand
    line: Line
    """Which models are answered by the same stand-ins."""
    sizes: SizeRule
    created: int
    """Seconds since 1970, as listed at /models."""
    max_prompt: int = 32_000
    max_n: int = 10
    watermark: bool = False
    """Whether pictures are labelled when the caller does not say."""
    qualities: Mapping[str, Quality] = field(default_factory=lambda: _ANY_QUALITY)
    pictures: PictureRule = NO_PICTURES
    """What it takes in besides words."""
    fidelities: tuple[Fidelity, ...] = ()
    """How close to a reference it can be told to stay; empty where there is no such word."""
    abilities: Abilities = Abilities()

    @property
    def usual_guidance(self) -> float:
        """The guidance scale that counts as not said. Source: the vendor's own documentation."""
        return _USUAL_GUIDANCE.get(self.line, USUAL_SCALE)

    @property
    def owned_by(self) -> str:
        return {"seedream": "volcengine", "seedbed": "seedbed"}.get(self.brand, "system")


_USUAL_GUIDANCE: Mapping[Line, float] = MappingProxyType({"seedream-3": 2.5})
_SQUARE_1K = Size(1024, 1024)
_SQUARE_2K = Size(2048, 2048)

_DALLE_2 = SizeRule(_SQUARE_1K, listed=(Size(256, 256), Size(512, 512), _SQUARE_1K))
_DALLE_3 = SizeRule(_SQUARE_1K, listed=(_SQUARE_1K, Size(1792, 1024), Size(1024, 1792)))
_GPT_SIZES = (_SQUARE_1K, Size(1024, 1536), Size(1536, 1024))
_GPT_1 = SizeRule(_SQUARE_1K, words=("auto",), listed=_GPT_SIZES, adapted=_GPT_SIZES)
_GPT_2 = SizeRule(
    _SQUARE_1K,
    words=("auto",),
    free=FreeSize(max_side=3840, min_pixels=655_360, max_pixels=8_294_400, grid=16, max_aspect=3),
    adapted=_GPT_SIZES,
)

_CHOICE = ("adaptive", "auto")
_SEEDREAM_3 = SizeRule(
    _SQUARE_1K, words=_CHOICE, free=FreeSize(min_side=512, max_side=2048, max_aspect=4)
)
_SEEDEDIT_3 = SizeRule(_SQUARE_1K, words=("adaptive",), adapted=EDIT_SIZES)
_SEEDREAM_4 = SizeRule(
    _SQUARE_2K,
    words=_CHOICE,
    tiers=MappingProxyType({"1K": TIER_1K, "2K": TIER_2K, "4K": TIER_4K}),
    free=FreeSize(min_pixels=921_600, max_pixels=16_777_216),
    adapted=tuple(TIER_2K.values()),
)
_SEEDREAM_45 = SizeRule(
    _SQUARE_2K,
    words=_CHOICE,
    tiers=MappingProxyType({"2K": TIER_2K, "4K": TIER_4K}),
    free=FreeSize(min_pixels=3_686_400, max_pixels=16_777_216),
    adapted=tuple(TIER_2K.values()),
)
_SEEDREAM_5 = SizeRule(
    _SQUARE_2K,
    words=_CHOICE,
    tiers=MappingProxyType({"2K": TIER_2K, "3K": TIER_3K, "4K": TIER_4K}),
    free=FreeSize(min_pixels=3_686_400, max_pixels=16_777_216),
    adapted=tuple(TIER_2K.values()),
)
_SEEDREAM_5_PRO = SizeRule(
    _SQUARE_2K,
    words=_CHOICE,
    tiers=MappingProxyType({"1K": TIER_1K, "1.5K": TIER_1K5, "2K": TIER_2K_PRO}),
    free=FreeSize(min_pixels=921_600, max_pixels=4_624_220),
    adapted=tuple(TIER_2K_PRO.values()),
)
_SEEDBED = SizeRule(
    Size(512, 512),
    words=_CHOICE,
    free=FreeSize(min_side=64, max_side=4096),
)


_DALLE_2_PICTURES = PictureRule(
    most=1, formats=("png",), max_bytes=4 * MIB, square=True, alpha_is_mask=True
)
_GPT_PICTURES = PictureRule(most=16, formats=("jpeg", "png", "webp"), max_bytes=50 * MIB)
_SEEDEDIT_PICTURES = PictureRule(most=1, least=1, formats=("jpeg", "png"), max_aspect=3)
_FOURTEEN = PictureRule(most=14)
_TEN = PictureRule(most=10)
_OWN_PICTURES = PictureRule(most=16, max_bytes=50 * MIB)

_GPT = Abilities(streams=True, transparent=True)
_ONE_AT_A_TIME = Abilities()
_FAST = Abilities(streams=True, groups=True, fast_optimizing=True)
_LATER = Abilities(streams=True, groups=True)
_PRO = Abilities(tools=False, fast_optimizing=True, transparent=True)
_FLASH = Abilities(tools=False, transparent=True)
_OWN = Abilities(streams=True, groups=True, variations=True, transparent=True)


def _dall_e() -> tuple[NamedModel, ...]:
    return (
        NamedModel(
            id="dall-e-2",
            brand="dall-e",
            line="dall-e-2",
            sizes=_DALLE_2,
            created=1698798177,
            max_prompt=1_000,
            qualities=_only("standard", "auto"),
            pictures=_DALLE_2_PICTURES,
            abilities=Abilities(variations=True),
        ),
        NamedModel(
            id="dall-e-3",
            brand="dall-e",
            line="dall-e-3",
            sizes=_DALLE_3,
            created=1698785189,
            max_prompt=4_000,
            max_n=1,
            qualities=_only("standard", "hd", "auto"),
            abilities=Abilities(styles=True),
        ),
    )


def _gpt_image() -> tuple[NamedModel, ...]:
    later = (
        "gpt-image-2",
        "gpt-image-2-2026-04-21",
        "gpt-image-2.5-sunburst",
        "gpt-image-2.5-sunburst-2026-09-08",
        "gpt-image-2.5-flare",
        "gpt-image-2.5-flare-2026-09-08",
        "gpt-image-2.6-sunburst",
        "gpt-image-2.6-flare",
    )
    return (
        _gpt("gpt-image-1", fidelities=("low", "high")),
        _gpt("gpt-image-1-mini", fidelities=("low",)),
        _gpt("gpt-image-1.5", fidelities=("low", "high")),
        _gpt("chatgpt-image-latest", fidelities=("low", "high")),
        *(_gpt(name, _GPT_2, created=1776729600) for name in later),
    )


def _gpt(
    name: str,
    sizes: SizeRule = _GPT_1,
    created: int = 1745517030,
    fidelities: tuple[Fidelity, ...] = (),
) -> NamedModel:
    return NamedModel(
        name,
        "gpt-image",
        "gpt-image-mini" if name.endswith("-mini") else "gpt-image",
        sizes,
        created,
        pictures=_GPT_PICTURES,
        fidelities=fidelities,
        abilities=_GPT,
    )


def _seedream(
    name: str,
    line: Line,
    sizes: SizeRule,
    created: int,
    abilities: Abilities,
    pictures: PictureRule,
) -> NamedModel:
    return NamedModel(
        name,
        "seedream",
        line,
        sizes,
        created,
        watermark=True,
        pictures=pictures,
        abilities=abilities,
    )


_Contract: TypeAlias = tuple[Line, SizeRule, int, Abilities, PictureRule]

_V3: _Contract = ("seedream-3", _SEEDREAM_3, 1744646400, _ONE_AT_A_TIME, NO_PICTURES)
_EDIT_3: _Contract = ("seededit", _SEEDEDIT_3, 1751040000, _ONE_AT_A_TIME, _SEEDEDIT_PICTURES)
_V4: _Contract = ("seedream", _SEEDREAM_4, 1756339200, _FAST, _FOURTEEN)
_V45: _Contract = ("seedream", _SEEDREAM_45, 1764288000, _LATER, _FOURTEEN)
_V5: _Contract = ("seedream", _SEEDREAM_5, 1769558400, _LATER, _FOURTEEN)
_V5_PRO: _Contract = ("seedream", _SEEDREAM_5_PRO, 1782604800, _PRO, _TEN)
_V5_FLASH: _Contract = ("seedream", _SEEDREAM_5_PRO, 1789430400, _FLASH, _TEN)


def _seedreams() -> tuple[NamedModel, ...]:
    return (
        _seedream("doubao-seedream-3-0-t2i", *_V3),
        _seedream("doubao-seedream-3-0-t2i-250415", *_V3),
        _seedream("seedream-3-0-t2i-250415", *_V3),
        _seedream("doubao-seededit-3-0-i2i-250628", *_EDIT_3),
        _seedream("doubao-seedream-4-0-250828", *_V4),
        _seedream("seedream-4-0-250828", *_V4),
        _seedream("doubao-seedream-4-5-251128", *_V45),
        _seedream("seedream-4-5-251128", *_V45),
        _seedream("doubao-seedream-5-0-260128", *_V5),
        _seedream("seedream-5-0-260128", *_V5),
        _seedream("doubao-seedream-5-0-lite-260128", *_V5),
        _seedream("seedream-5-0-lite-260128", *_V5),
        _seedream("doubao-seedream-5-0-pro-260628", *_V5_PRO),
        _seedream("dola-seedream-5-0-pro-260628", *_V5_PRO),
        _seedream("seedream-5-0-pro-260628", *_V5_PRO),
        _seedream("doubao-seedream-5-0-flash-260915", *_V5_FLASH),
        _seedream("dola-seedream-5-0-flash-260915", *_V5_FLASH),
    )


OWN_MODEL = "seedbed"
"""Our own name: whatever draws here, at any size."""

MODELS: Mapping[str, NamedModel] = MappingProxyType(
    {
        model.id: model
        for model in (
            *_dall_e(),
            *_gpt_image(),
            *_seedreams(),
            NamedModel(
                OWN_MODEL,
                "seedbed",
                "seedbed",
                _SEEDBED,
                created=1795132800,
                pictures=_OWN_PICTURES,
                fidelities=("low", "high"),
                abilities=_OWN,
            ),
        )
    }
)


def known_models(contracts: Mapping[str, str]) -> Mapping[str, NamedModel]:
    """All names of a server: the APIs' own, and those the operator gave such a contract."""
    if not contracts:
        return MODELS
    added = {name: replace(MODELS[model], id=name) for name, model in contracts.items()}
    return {**MODELS, **added}


def named_model(name: str, models: Mapping[str, NamedModel] = MODELS) -> NamedModel:
    """Raises: UnknownModel."""
    try:
        return models[name]
    except KeyError:
        raise UnknownModel(f"The model '{name[:80]}' does not exist.", "model") from None
