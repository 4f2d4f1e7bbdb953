"""The parameters of our own path and of the web UI's two."""

import base64

from server.dialects.a1111.body import ImageBody, TextBody
from server.dialects.native.body import NativeBody
from tests.server.api_page.parameter import (
    MASK,
    PICTURE,
    Parameter,
    Table,
    honoured,
    idle,
    parameter,
    refused,
)
from tests.server.conformance.calls import png

NATIVE = Table(
    "/seedbed/v1/images",
    NativeBody,
    {"prompt": "a cat", "size": "64x64", "seed": 1, "steps": 2, "stream": False},
    (
        parameter("prompt", "Required.", honoured("a dog"), wrong=""),
        parameter("model", "Unsaid `seedbed`.", honoured("dall-e-2", size="256x256"), wrong="nope"),
        parameter("size", "Unsaid 512x512.", honoured("128x128"), wrong="1x1"),
        parameter("n", "1 to 10; unsaid 1.", honoured(2), wrong=0),
        parameter("seed", "-1 to 2147483647; unsaid -1, a new one.", honoured(2), wrong=-2),
        parameter("guidance_scale", "1 to 10.", honoured(2), wrong=0.5),
        parameter("negative_prompt", "What shall not be there.", honoured("rain"), wrong=5),
        parameter(
            "quality",
            "Chooses the steps, unless they are said.",
            honoured("high", "without `steps`", steps=None),
            wrong="best",
        ),
        parameter(
            "steps", "At least 1; how many at most, the model decides.", honoured(3), wrong=0
        ),
        parameter("watermark", "Unsaid `false`.", honoured(True), wrong="x"),
        parameter("background", "Unsaid opaque.", honoured("transparent"), wrong="clear"),
        parameter("output_format", "Unsaid `png`.", honoured("webp"), wrong="tiff"),
        parameter(
            "output_compression",
            "0 to 100; unsaid 100.",
            honoured(10, "with `jpeg` and `webp`", output_format="jpeg"),
            idle(85, "with `png`"),
            wrong=101,
        ),
        parameter("image", "As in the other dialects.", honoured(PICTURE), wrong=5),
        parameter("mask", "An address, as for edits.", honoured(MASK, image=PICTURE), wrong="x"),
        parameter("input_fidelity", "Unsaid `low`.", honoured("high", image=PICTURE), wrong="much"),
        parameter(
            "weights",
            "The weights that must draw, as `name` or `name@digest`: a recipe drawn again is drawn "
            "by the same, or not at all.",
            refused("z-image", "where others draw"),
            wrong=5,
        ),
        parameter("stream", "Unsaid `true`.", honoured(True), wrong="x"),
        parameter(
            "preview_every",
            "A preview after each so many steps; unsaid none. Steps that are fewer show none.",
            honoured(1, "with `stream`", stream=None),
            idle(1, "without it, or in one step"),
            wrong=0,
            wrong_beside={"stream": None},
        ),
    ),
)

RAW = base64.b64encode(png(64, 64)).decode()
WHITE = base64.b64encode(png(64, 64, (255, 255, 255))).decode()
TEXT_PARAMETERS: tuple[Parameter, ...] = (
    parameter("prompt", "Required.", honoured("a dog"), wrong=""),
    parameter("negative_prompt", "What shall not be there.", honoured("rain"), wrong=5),
    parameter("width", "Unsaid 512.", honoured(128), wrong=0),
    parameter("height", "Unsaid 512.", honoured(128), wrong=0),
    parameter("steps", "Unsaid what suits the model.", honoured(3), wrong=0),
    parameter("cfg_scale", "1 to 10.", honoured(2), wrong="x"),
    parameter("seed", "-1 to 2147483647; unsaid -1, a new one.", honoured(2), wrong="x"),
    parameter("batch_size", "Times `n_iter`, at most 10 pictures.", honoured(2), wrong=0),
    parameter("n_iter", "Times `batch_size`.", honoured(2), wrong=0),
    parameter(
        "override_settings",
        "`sd_model_checkpoint` names the model; what else is there has no effect.",
        honoured({"sd_model_checkpoint": "dall-e-2"}, width=256, height=256),
        wrong=5,
    ),
)
SMALL = {"prompt": "a cat", "width": 64, "height": 64, "steps": 2, "seed": 1}
TXT2IMG = Table("/sdapi/v1/txt2img", TextBody, SMALL, TEXT_PARAMETERS)
IMG2IMG = Table(
    "/sdapi/v1/img2img",
    ImageBody,
    SMALL | {"init_images": [RAW]},
    (
        *TEXT_PARAMETERS,
        parameter("init_images", "Required.", honoured([WHITE]), wrong=[]),
        parameter("mask", "White where it is drawn anew.", honoured(WHITE), wrong="x"),
        parameter(
            "denoising_strength",
            "Below one half stays closer to the picture; unsaid above.",
            honoured(0.3),
            wrong="x",
        ),
    ),
)
