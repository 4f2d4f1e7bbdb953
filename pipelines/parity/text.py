"""Tiny text encoders of the real classes, and tokenizers made in code.

Knows no pipeline. Nothing is fetched, and nothing needs torchvision.
"""

from typing import Any

import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.models.t5gemma.modeling_t5gemma import T5GemmaEncoder

from pipelines.parity.tiny import tiny

SPECIAL_TOKENS = (
    "<pad>",
    "<s>",
    "</s>",
    "<unk>",
    "<|im_start|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
    "<|startoftext|>",
    "[IMG]",
    "[IMG_BREAK]",
    "[IMG_END]",
)
PAD_ID, BOS_ID, EOS_ID = 0, 1, 2
VOCABULARY_SIZE = len(SPECIAL_TOKENS) + 256
"""The special tokens and one token per byte: prompts of unlike length have unlike token counts."""

_CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'text' %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tokenizer(max_tokens: int = 77, *, bos: bool = False, eos: bool = True) -> Any:
    """One token per byte, with the chosen marks around the text."""
    vocabulary = {token: index for index, token in enumerate(SPECIAL_TOKENS)}
    for letter in sorted(pre_tokenizers.ByteLevel.alphabet()):
        vocabulary[letter] = len(vocabulary)
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    marks = [("<s>", BOS_ID)] * bos + [("</s>", EOS_ID)] * eos
    if marks:
        around = f"{'<s> ' * bos}$A{' </s>' * eos}"
        backend.post_processor = processors.TemplateProcessing(around, None, marks)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        additional_special_tokens=list(SPECIAL_TOKENS[4:]),
        model_max_length=max_tokens,
        padding_side="right",
        chat_template=_CHAT_TEMPLATE,
    )


def chat_tokenizer(max_tokens: int = 2048) -> Any:
    """For language models: no marks around the text, the chat template sets them."""
    return tokenizer(max_tokens, eos=False)


class TextProcessor:
    """The text half of a vision language processor; the real classes import torchvision."""

    def __init__(self) -> None:
        self.tokenizer = chat_tokenizer()

    def __call__(
        self, text: Any = None, images: None = None, videos: None = None, **kw: Any
    ) -> Any:
        return self.tokenizer(text, **kw)

    def apply_chat_template(self, *args: Any, **kwargs: Any) -> Any:
        return self.tokenizer.apply_chat_template(*args, **kwargs)

    def decode(self, *args: Any, **kwargs: Any) -> Any:
        return self.tokenizer.decode(*args, **kwargs)


class PictureProcessor(TextProcessor):
    """Both halves for Qwen2.5-VL: pictures become patches, and marks in the text their tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.image_processor = Qwen2VLImageProcessorPil(min_pixels=28 * 28, max_pixels=56 * 56)

    def __call__(self, text: Any = None, images: Any = None, videos: None = None, **kw: Any) -> Any:
        patches = self.image_processor(images, return_tensors="pt")
        tokens = patches["image_grid_thw"].prod(-1) // self.image_processor.merge_size**2
        mark = "<|image_pad|>"
        pieces = text[0].split(mark)
        marks = [mark * int(count) for count in tokens]
        expanded = "".join(piece + run for piece, run in zip(pieces, [*marks, ""], strict=True))
        encoded = super().__call__([expanded], **kw)
        encoded.update(patches)
        return encoded


def clip(*, projected: bool = False, seed: int = 0, max_tokens: int = 77, width: int = 32) -> Any:
    """CLIP's text model; `projected` gives the class with the pooled projection."""
    config = transformers.CLIPTextConfig(
        vocab_size=VOCABULARY_SIZE,
        hidden_size=width,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        projection_dim=width,
        max_position_embeddings=max_tokens,
        hidden_act="gelu",
        bos_token_id=BOS_ID,
        eos_token_id=EOS_ID,
        pad_token_id=PAD_ID,
    )
    model = transformers.CLIPTextModelWithProjection if projected else transformers.CLIPTextModel
    return tiny(lambda: model(config), seed)


def t5() -> Any:
    """T5's encoder, 32 wide."""
    config = transformers.T5Config(
        vocab_size=VOCABULARY_SIZE,
        d_model=32,
        d_ff=37,
        d_kv=8,
        num_heads=4,
        num_layers=2,
        feed_forward_proj="gated-gelu",
        pad_token_id=PAD_ID,
    )
    return tiny(lambda: transformers.T5EncoderModel(config))


def t5_gemma() -> Any:
    """T5Gemma's encoder, 32 wide."""
    module = transformers.T5GemmaModuleConfig(
        vocab_size=VOCABULARY_SIZE,
        hidden_size=32,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        pad_token_id=PAD_ID,
        dropout_rate=0.0,
    )
    module._attn_implementation = "eager"
    return tiny(lambda: T5GemmaEncoder(module))


def gemma2(width: int, head_width: int, layers: int) -> Any:
    config = transformers.Gemma2Config(
        vocab_size=VOCABULARY_SIZE,
        hidden_size=width,
        intermediate_size=16,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=head_width,
        attn_implementation="eager",
    )
    return tiny(lambda: transformers.Gemma2Model(config))


def llama(width: int = 16) -> Any:
    config = transformers.LlamaConfig(
        vocab_size=VOCABULARY_SIZE,
        hidden_size=width,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=512,
        attn_implementation="eager",
    )
    return tiny(lambda: transformers.LlamaForCausalLM(config))


def qwen3(*, causal: bool = False, width: int = 32, layers: int = 3) -> Any:
    """Qwen3; `causal` gives the class with the language model's head."""
    config = transformers.Qwen3Config(
        vocab_size=VOCABULARY_SIZE,
        hidden_size=width,
        intermediate_size=37,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        max_position_embeddings=2048,
        pad_token_id=PAD_ID,
    )
    model = transformers.Qwen3ForCausalLM if causal else transformers.Qwen3Model
    return tiny(lambda: model(config))


def qwen3_vl(*, width: int = 16, layers: int = 3, causal: bool = False) -> Any:
    """Qwen3-VL, of which text only reaches the language half; `causal` gives its head too."""
    rope = {"rope_type": "default", "mrope_section": [2, 1, 1], "rope_theta": 1e6}
    config = transformers.Qwen3VLConfig(
        text_config={
            "vocab_size": VOCABULARY_SIZE,
            "hidden_size": width,
            "intermediate_size": 37,
            "num_hidden_layers": layers,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 8,
            "max_position_embeddings": 2048,
            "rope_parameters": rope,
            "pad_token_id": PAD_ID,
        },
        vision_config={
            "depth": 1,
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_heads": 2,
            "out_hidden_size": width,
            "deepstack_visual_indexes": [0],
        },
        **_vision_token_ids(),
    )
    model = transformers.Qwen3VLForConditionalGeneration if causal else transformers.Qwen3VLModel
    return tiny(lambda: model(config))


def qwen25_vl(*, layers: int = 2) -> Any:
    """Qwen2.5-VL with its head, 32 wide."""
    rope = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 1e6}
    config = transformers.Qwen2_5_VLConfig(
        text_config={
            "vocab_size": VOCABULARY_SIZE,
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_hidden_layers": layers,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "max_position_embeddings": 4096,
            "rope_parameters": rope,
        },
        vision_config={
            "depth": 1,
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_heads": 2,
            "out_hidden_size": 32,
            "fullatt_block_indexes": [0],
        },
        **_vision_token_ids(),
    )
    return tiny(lambda: transformers.Qwen2_5_VLForConditionalGeneration(config))


def mistral3() -> Any:
    """Mistral 3 with its vision tower, 16 wide."""
    config = transformers.Mistral3Config(
        text_config={
            "model_type": "mistral",
            "vocab_size": VOCABULARY_SIZE,
            "hidden_size": 16,
            "intermediate_size": 37,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 8,
        },
        vision_config={
            "model_type": "pixtral",
            "hidden_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 37,
            "image_size": 28,
            "patch_size": 14,
        },
        image_token_index=SPECIAL_TOKENS.index("[IMG]"),
    )
    return tiny(lambda: transformers.Mistral3ForConditionalGeneration(config))


def _vision_token_ids() -> dict[str, int]:
    return {
        "image_token_id": SPECIAL_TOKENS.index("<|image_pad|>"),
        "video_token_id": SPECIAL_TOKENS.index("<|video_pad|>"),
        "vision_start_token_id": SPECIAL_TOKENS.index("<|vision_start|>"),
        "vision_end_token_id": SPECIAL_TOKENS.index("<|vision_end|>"),
    }
