"""Counts the tokens that a usage object names.

Image tokens follow the vendors' published counts. Text tokens are an estimate, because no vendor's
tokenizer is at hand; both are for bookkeeping and cost nobody anything here.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType

from pipelines.families.base import Quality
from pipelines.types import Fidelity, Size

_BYTES_PER_TEXT_TOKEN = 4
_SEEDREAM_PIXELS_PER_TOKEN = 256
_GPT_INPUT_SIDE_PX = 512
_GPT_INPUT_TOKENS = 65
_GPT_INPUT_TOKENS_PER_TILE = 129
_GPT_SQUARE_FIDELITY_TOKENS = 4160
_GPT_OBLONG_FIDELITY_TOKENS = 6240
_GPT_PATCH_PX: Mapping[Quality, int] = MappingProxyType({"low": 64, "standard": 32, "high": 16})


def text_tokens(prompt: str) -> int:
    """About how many tokens a prompt is: one for each four bytes of UTF-8, at least one."""
    return math.ceil(len(prompt.encode()) / _BYTES_PER_TEXT_TOKEN) or 1


def seedream_tokens(size: Size, count: int) -> int:
    """Source: Volcengine Ark, image generation API: pixels of all pictures over 256."""
    return round(size.pixels * count / _SEEDREAM_PIXELS_PER_TOKEN)


def gpt_image_tokens(size: Size, quality: Quality) -> int:
    """Tokens of one picture: one for each patch, and one more at the end of each row of patches.

    Source: fits all nine counts OpenAI publishes for gpt-image-1 (three sizes, three qualities).
    """
    patch = _GPT_PATCH_PX[quality]
    columns, rows = math.ceil(size.width / patch), math.ceil(size.height / patch)
    return rows * (columns + 1)


def gpt_input_tokens(size: Size, fidelity: Fidelity) -> int:
    """Tokens of a picture that came in: its tiles once its short side is no more than 512 px.

    Source: OpenAI, guides "Images and vision" and "Image generation": costs of gpt-image-1.
    """
    scale = min(1.0, _GPT_INPUT_SIDE_PX / size.short_side)
    tiles = math.prod(
        math.ceil(round(side * scale) / _GPT_INPUT_SIDE_PX) for side in (size.width, size.height)
    )
    tokens = _GPT_INPUT_TOKENS + _GPT_INPUT_TOKENS_PER_TILE * tiles
    if fidelity == "low":
        return tokens
    square = size.width == size.height
    return tokens + (_GPT_SQUARE_FIDELITY_TOKENS if square else _GPT_OBLONG_FIDELITY_TOKENS)
