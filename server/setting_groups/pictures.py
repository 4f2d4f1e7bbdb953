"""The settings of pictures: what becomes of a drawn one, what is refused, what is kept how long."""

from typing import Literal

from pydantic import BaseModel, Field

from server.setting_values import UserPath


class PictureSettings(BaseModel):
    """Of everything before and after the drawing."""

    upscale: Literal["allow", "deny"] = Field(
        "allow",
        description="sizes above what a model draws: allow enlarges what it draws, deny refuses "
        "them and names the largest of that shape",
    )
    guidance: Literal["disclose", "strict"] = Field(
        "disclose",
        description="what becomes of a guidance_scale that the model which draws cannot honour: "
        "disclose takes it and says in headers that it has no effect, strict refuses it",
    )
    upscalers: str = Field(
        "",
        description="safetensors files of Real-ESRGAN networks that enlarge pictures, comma "
        "separated; without it those that seedbed weights fetched, and without those Lanczos",
    )
    matting: UserPath | None = Field(
        None,
        description="safetensors file of BiRefNet, which cuts subjects out for transparent "
        "pictures; without it what seedbed weights fetched, and without that a simple cut-out of "
        "plain backgrounds",
    )
    style_words: bool = Field(
        True,
        description="add words for dall-e-3's vivid and natural to the prompt; revised_prompt "
        "shows them",
    )
    rewriter: str = Field(
        "off",
        min_length=1,
        description="the language model that puts prompts into other words when a caller asks for "
        "it (dall-e-3's style, optimize_prompt): off, fetched (the one that seedbed weights "
        "fetches), or the folder of a model",
    )
    rewriter_s: float = Field(
        20,
        gt=0,
        allow_inf_nan=False,
        description="seconds of the device that one prompt's rewriting may take; then the prompt "
        "is drawn as it was said",
    )
    moderation_rules: UserPath | None = Field(
        None,
        description="file of words that may not be drawn, see docs/moderation.md; it is read again "
        "when it changes",
    )
    image_classifier: str = Field(
        "off",
        min_length=1,
        description="what looks at pictures before they are sent, drawn or to begin from, and "
        "refuses those it calls nsfw: off, fetched (the one that seedbed weights fetches), or "
        "the folder of an image classifier",
    )
    nsfw_threshold: float = Field(
        0.5,
        gt=0,
        le=1,
        description="how sure the image classifier must be to refuse a picture, up to 1",
    )
    text_classifier: str = Field(
        "off",
        min_length=1,
        description="what judges prompts before anything is drawn, and refuses unsafe ones: off, "
        "fetched (the one that seedbed weights fetches), or the folder of a model like "
        "Qwen3Guard-Gen",
    )
    text_classifier_allows: str = Field(
        "",
        description="categories of the text classifier that are drawn all the same, comma "
        "separated, as in copyright, political; see docs/moderation.md",
    )
    url_ttl_hours: float = Field(
        24, gt=0, allow_inf_nan=False, description="hours that a picture's signed URL stays valid"
    )
    batch_rows: int = Field(
        8,
        ge=1,
        description="rows of batches that are drawn at once at most, all batches together; a row "
        "with n pictures counts n times",
    )
    max_batch_mib: int = Field(
        200, ge=1, description="largest file of a batch's requests accepted, in MiB"
    )
    batch_ttl_days: int = Field(
        30, ge=1, description="days that files of batches and the pictures they name are kept"
    )
    gpt_image_response: Literal["both", "b64_json"] = Field(
        "both",
        description="what gpt-image models send when response_format is not said: both, b64_json",
    )
