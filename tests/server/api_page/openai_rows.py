"""The parameters of the three OpenAI paths."""

from server.dialects.openai.body import OpenAIBody
from server.dialects.openai.edits import OpenAIEditsBody, OpenAIVariationsBody
from tests.server.api_page.parameter import (
    MASK,
    OTHER_PICTURE,
    PICTURE,
    Parameter,
    Probe,
    Table,
    honoured,
    idle,
    parameter,
    refused,
)

DALL_E_2 = {"model": "dall-e-2", "size": "256x256"}
OWN = {"model": "seedbed", "size": "64x64"}
BASE = OWN | {"prompt": "a cat", "seed": 1}

PROMPT = parameter(
    "prompt",
    "Required. How long it may be, counted in Unicode characters, stands with the models.",
    honoured("a dog"),
    wrong="",
)
MODEL = parameter(
    "model",
    "Unsaid: `dall-e-2`, as published; `gpt-image-1` when `stream` or a parameter that only those "
    "models have is said. A deployment's name in the path of Azure counts as said.",
    honoured("dall-e-2", size="256x256"),
    wrong="nope",
)
SHARED: tuple[Parameter, ...] = (
    parameter(
        "n",
        "1 to 10, dall-e-3 only 1; unsaid 1. Seeds count up from picture to picture. All are drawn "
        "or none.",
        honoured(2),
        wrong=0,
    ),
    parameter(
        "size",
        "Which there are, and which is meant when unsaid, stands with the models. What a model "
        "does not have is refused, or taken as the nearest with `SEEDBED_SIZES=snap` (then "
        "`x-seedbed-size` says so).",
        honoured("256x256", **DALL_E_2 | {"size": "512x512"}),
        wrong="1x1",
    ),
    parameter(
        "quality",
        "`low`, `medium` = `standard` = `auto`, `high` = `hd` = `xhigh` = `max`; unsaid `auto`. It "
        "chooses the number of steps. dall-e-2: `standard`, `auto`; dall-e-3: also `hd`. Both "
        "vendors' words are taken by the other models, because clients send them to all.",
        honoured("high", **OWN),
        wrong="best",
    ),
    parameter(
        "response_format",
        "Unsaid `url`, as published; the gpt-image models then answer both ways, because programs "
        "written for them read `b64_json` without asking (`SEEDBED_GPT_IMAGE_RESPONSE=b64_json` "
        "leaves the URL out).",
        honoured("b64_json"),
        wrong="png",
    ),
    parameter(
        "background",
        "Unsaid `auto`, which is opaque. A transparent picture is a PNG or WebP: JPEG is refused.",
        honoured("transparent", "on gpt-image, Seedream 5.0 pro and flash, `seedbed`", **OWN),
        idle("transparent", "on the other models", **DALL_E_2),
        wrong="clear",
    ),
    parameter(
        "output_format",
        "Unsaid `png`. dall-e and Seedream have it too.",
        honoured("webp"),
        wrong="tiff",
    ),
    parameter(
        "output_compression",
        "0 to 100; unsaid 100. For a PNG the vendor refuses less than 100; the published example "
        "says 85, so it is taken.",
        honoured(10, "with `jpeg` and `webp`", output_format="jpeg"),
        idle(85, "with `png`"),
        wrong=101,
    ),
    parameter(
        "watermark",
        "Whether the picture is labelled. Unsaid: as it stands with the models. A site may refuse "
        "`false` with 403 (`SEEDBED_WATERMARK_POLICY`).",
        honoured(True),
        wrong="x",
    ),
    parameter(
        "seed",
        "-1 (a new one each time) to 2147483647; unsaid -1. `x-seedbed-seed` tells "
        "which was taken.",
        honoured(2),
        wrong=-2,
    ),
    parameter(
        "guidance_scale",
        "1 to 10. Unsaid: what is best for the model that draws. `x-seedbed-guidance` tells what "
        "was asked for and what was applied.",
        honoured(2),
        wrong=0.5,
    ),
    parameter(
        "stream",
        "Unsaid `false`. See [Streams](#streams).",
        honoured(True, "on gpt-image, Seedream 4.0, 4.5, 5.0, 5.0 lite, `seedbed`", **BASE),
        refused(True, "on the other models", **DALL_E_2),
        wrong="x",
    ),
    parameter(
        "partial_images",
        "0 to 3 previews; unsaid 0.",
        honoured(2, "with `stream`", **BASE | {"stream": True}),
        idle(2, "without it", **BASE),
        wrong=4,
    ),
    parameter("user", "Use is charged to the key, not to a name in the body.", idle("me"), wrong=5),
    parameter(
        "moderation",
        "Unsaid `auto`. `low` leaves out those rules of the site that say so, and what its text "
        "classifier calls controversial is drawn; it has an effect only where there are such rules "
        "or a text classifier ([docs/moderation.md](moderation.md)).",
        idle("low", "where the site has neither"),
        wrong="high",
    ),
)
STYLE = parameter(
    "style",
    "`vivid` and `natural` are words behind the prompt, which `revised_prompt` shows; unsaid "
    "nothing is added. `SEEDBED_STYLE_WORDS=false` leaves them away, and with "
    "`SEEDBED_REWRITER` a language model finds them "
    "([docs/models.md](models.md#rewriting-prompts)).",
    honoured("vivid", "on dall-e-3", model="dall-e-3", size="1024x1024"),
    idle("vivid", "on the other models"),
    wrong="wild",
)
NO_STYLE = parameter(
    "style", "Only dall-e-3 has two styles, and it draws from words alone.", idle("vivid"), wrong=5
)
IMAGE = parameter(
    "image",
    "Addresses of pictures to begin from, as in the Ark dialect; see "
    "[Pictures that come in](#pictures-that-come-in). Clients of gateways send it here.",
    honoured(PICTURE),
    wrong=5,
)

GENERATIONS = Table(
    "/v1/images/generations", OpenAIBody, BASE, (PROMPT, MODEL, STYLE, *SHARED, IMAGE)
)

EDITS = Table(
    "/v1/images/edits",
    OpenAIEditsBody,
    BASE | {"image": PICTURE},
    (
        PROMPT,
        parameter(
            "model",
            "Unsaid: `gpt-image-1.5`. dall-e-3 and Seedream 3.0 edit no pictures: refused.",
            honoured("dall-e-2", size="256x256"),
            wrong="dall-e-3",
        ),
        parameter(
            "image",
            "Required. In a form: a file, or several as `image` again and again, `image[]` or "
            "`image[0]`. In JSON: an address or an array of them.",
            honoured(OTHER_PICTURE),
            wrong=5,
        ),
        parameter(
            "images",
            'JSON only, in place of `image`: `[{"image_url": ...}]`. `file_id` is refused.',
            Probe("honoured", [{"image_url": OTHER_PICTURE}], instead_of="image"),
            wrong=[{"file_id": "file-1"}],
            wrong_beside={"image": None},
        ),
        parameter(
            "mask",
            "A PNG as large as the first picture. Where it is transparent, it is drawn anew; the "
            "rest stays as it was, pixel for pixel.",
            honoured(MASK),
            wrong="no address",
        ),
        parameter(
            "markup",
            "Only the newest of the vendor's models read drawings upon a picture. Together with "
            "`mask` it is refused.",
            idle({"image_url": MASK}),
            wrong={"image_url": MASK},
            wrong_beside={"mask": MASK},
        ),
        parameter(
            "input_fidelity",
            "Unsaid `low`. `high` stays closer to the picture; gpt-image-1-mini has only `low`.",
            honoured("high", "on gpt-image-1, 1.5, chatgpt-image-latest, `seedbed`"),
            idle("high", "on the other models", model="gpt-image-2", size="1024x1024"),
            wrong="much",
        ),
        *SHARED,
        NO_STYLE,
    ),
)

VARIATIONS = Table(
    "/v1/images/variations",
    OpenAIVariationsBody,
    {"image": PICTURE, "seed": 1, **DALL_E_2},
    (
        parameter(
            "image",
            "Required. In a form: one file. In JSON: an address.",
            honoured(OTHER_PICTURE),
            wrong=5,
        ),
        parameter(
            "model",
            "Unsaid: `dall-e-2`, the only one of the vendor's that has variations; beside it "
            "`seedbed`.",
            honoured("seedbed"),
            wrong="dall-e-3",
        ),
        *SHARED,
        NO_STYLE,
        parameter("prompt", "A variation has no words.", idle("a dog"), wrong=5),
    ),
)
