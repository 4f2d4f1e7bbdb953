"""What sharing a forward takes, per denoiser class: the only model knowledge of the engine.

A class that is not in the table still works, unmerged. A new line is proved by the parity suite
(staggered requests against each alone, and a negative control) before it is added.

Source: measured per class with diffusers 0.42; the reasons stand beside each line.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType


@dataclass(frozen=True)
class Filling:
    """Rows of unlike picture sizes share a forward, filled up to as many tokens as the longest.

    The filling costs as much as tokens that count, so the scheduler asks whether it pays.
    """

    fill: Mapping[str, int | None]
    """Argument with an entry per token -> what fills it on dim 1; None: the model fills it up."""
    positions: tuple[str, ...] = ()
    """Shared position ids, in the order in which the model joins them: then each row gets its own
    rotary embedding, and a mask over what is filling."""


@dataclass(frozen=True)
class Packing:
    """Rows of unlike picture sizes share a forward, one after the other in one long row.

    It costs no more than rows of one size, so they are the same to the scheduler.
    """

    tokens: tuple[str, ...]
    """Arguments with an entry per token."""
    segments: str
    """The one of them that says which tokens see each other."""
    rows: tuple[str, ...]
    """Arguments with an entry per row, which the model takes per token as well."""


@dataclass(frozen=True)
class Rule:
    """How the arguments of one denoiser class are merged over requests."""

    rows_from: str = "hidden_states"
    """The argument whose first dimension (or length) is the number of rows."""
    shared: tuple[str, ...] = ()
    """Arguments that belong to the forward, not to a row: their content goes into the key."""
    pad: Mapping[str, str | None] = field(default_factory=dict)
    """Text argument -> its mask argument (None: the model takes lengths): padded right on dim 1."""
    rows_dim: Mapping[str, int] = field(default_factory=dict)
    """Argument -> batch dimension, where that is not 0."""
    row_lists: tuple[str, ...] = ()
    """Lists with one entry per row; other lists are merged element by element."""
    ragged: tuple[str, ...] = ()
    """Row lists whose entries may differ in size: the model brings them to one length itself."""
    mixing: Filling | Packing | None = None
    """Set where rows of unlike sizes may share a forward."""
    caches: tuple[str, ...] = ()
    """Per-request KV caches: idle ones may meet, one in use makes its request run alone."""
    prefix_cache: str | None = None
    """The KV cache of what precedes the picture's tokens: those of equal length are joined."""
    pairs: bool = False
    """Pipelines take only views of the conditional output before they ask for the other one."""
    auxiliary: bool = False
    """Feeds another denoiser of the same step (ControlNet), so it goes first to keep phase."""

    @cached_property
    def masks(self) -> frozenset[str]:
        """The mask arguments of the padded ones."""
        return frozenset(mask for mask in self.pad.values() if mask)

    @cached_property
    def padded(self) -> frozenset[str]:
        """The arguments whose length on dim 1 may differ, with their masks."""
        return self.masks | self.pad.keys()


_IDS = ("txt_ids", "img_ids")
_ROTATED = Filling({"hidden_states": 0}, positions=_IDS)
_MASKED_TEXT = {"encoder_hidden_states": "encoder_attention_mask"}
_QWEN = Rule(
    pad={"encoder_hidden_states": "encoder_hidden_states_mask"},
    row_lists=("img_shapes",),  # equal token counts are not enough: RoPE follows the layout
    pairs=True,
)

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        # The pipelines pass a scalar timestep; the models accept one per row.
        "UNet2DConditionModel": Rule(rows_from="sample"),
        "ControlNetModel": Rule(rows_from="sample", auxiliary=True),
        # Everything has a batch dimension; the exact text length is part of the key.
        "SD3Transformer2DModel": Rule(),
        "CogView4Transformer2DModel": Rule(pairs=True),
        "AuraFlowTransformer2DModel": Rule(),
        # Text and picture are one sequence, and tokens see only those of their own segment.
        "Ideogram4Transformer2DModel": Rule(
            mixing=Packing(
                tokens=(
                    "hidden_states",
                    "encoder_hidden_states",
                    "position_ids",
                    "indicator",
                    "segment_ids",
                ),
                segments="segment_ids",
                rows=("timestep",),
            )
        ),
        # Position ids belong to the forward. Flux2's are 3-D, but the model reads only row 0.
        "FluxTransformer2DModel": Rule(shared=_IDS, pairs=True, mixing=_ROTATED),
        "ChromaTransformer2DModel": Rule(shared=_IDS, pairs=True),
        "OvisImageTransformer2DModel": Rule(shared=_IDS, pairs=True),
        "LongCatImageTransformer2DModel": Rule(shared=_IDS, pairs=True),
        "Flux2Transformer2DModel": Rule(shared=_IDS, pairs=True, mixing=_ROTATED),
        "Flux3Transformer2DModel": Rule(shared=(*_IDS, "image_cond_ids"), pairs=True),
        "Krea2Transformer2DModel": Rule(shared=("position_ids",), pairs=True),
        "Kandinsky5Transformer3DModel": Rule(
            shared=("visual_rope_pos", "text_rope_pos", "scale_factor"), pairs=True
        ),
        # Real text masks: shorter prompts are padded right.
        "QwenImageTransformer2DModel": _QWEN,
        "NucleusMoEImageTransformer2DModel": _QWEN,
        "SanaTransformer2DModel": Rule(pad=_MASKED_TEXT),
        "PixArtTransformer2DModel": Rule(pad=_MASKED_TEXT),
        "Lumina2Transformer2DModel": Rule(pad=_MASKED_TEXT, pairs=True),
        "PRXTransformer2DModel": Rule(pad={"encoder_hidden_states": "attention_mask"}),
        "HunyuanImageTransformer2DModel": Rule(
            pad=_MASKED_TEXT | {"encoder_hidden_states_2": "encoder_attention_mask_2"}, pairs=True
        ),
        "ErnieImageTransformer2DModel": Rule(pad={"text_bth": None}),
        # Padding moves the image's RoPE offset even under a mask: exact text length only.
        "QwenImage21Transformer2DModel": Rule(
            shared=("img_mask",), row_lists=("img_shapes",), prefix_cache="kv_cache"
        ),
        "ZImageTransformer2DModel": Rule(
            rows_from="x",
            row_lists=("x", "cap_feats"),
            ragged=("cap_feats",),
            mixing=Filling({"x": None}),
        ),
        "HiDreamImageTransformer2DModel": Rule(rows_dim={"encoder_hidden_states_llama3": 1}),
        "GlmImageTransformer2DModel": Rule(caches=("kv_caches",), pairs=True),
    }
)
