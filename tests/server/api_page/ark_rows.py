"""The parameters of the Ark path."""

from server.dialects.ark.body import ArkBody
from tests.server.api_page.parameter import (
    PICTURE,
    Table,
    honoured,
    idle,
    parameter,
    refused,
)
from tests.server.conformance.calls import M3, M4, M5_PRO

V4 = {"model": M4, "size": "1280x720"}
PRO = {"model": M5_PRO, "size": "1K"}

GENERATIONS = Table(
    "/api/v3/images/generations",
    ArkBody,
    {"model": M3, "prompt": "a cat", "size": "512x512", "seed": 1},
    (
        parameter(
            "model",
            "Required. A name of the other vendor is unknown here: 404.",
            honoured("seedream-3-0-t2i-250415"),
            wrong="",
        ),
        parameter(
            "prompt",
            "Required. The vendor's 300 Chinese characters or 600 English words are advice, "
            "and are not enforced.",
            honoured("a dog"),
            wrong="",
        ),
        parameter(
            "image",
            "An address or an array of them; `[]` is none. How many, stands with the models. See "
            "[Pictures that come in](#pictures-that-come-in).",
            honoured(PICTURE, "on 4.0 and later, SeedEdit", **V4),
            refused(PICTURE, "on 3.0"),
            wrong=5,
        ),
        parameter(
            "size",
            "A tier (`2K`, in upper or lower case), `WxH`, or `adaptive`: the model's own size, or "
            "the nearest to the first picture's aspect. A tier takes its aspect from the prompt "
            "(`16:9`, 竖版). Unsaid `adaptive`, as published.",
            honoured("1024x1024"),
            wrong="2K",
        ),
        parameter(
            "seed",
            "-1 (a new one each time) to 2147483647; unsaid -1. On every model, as published; the "
            "vendor has it on 3.0 only.",
            honoured(2),
            wrong=-2,
        ),
        parameter(
            "guidance_scale",
            "1 to 10, on every model, as published. Unsaid: what is best for the model that draws. "
            "`x-seedbed-guidance` tells what was asked for and what was applied.",
            honoured(2),
            wrong=0.5,
        ),
        parameter(
            "response_format",
            "Unsaid `url`, as published. Only the one that was asked for is in the answer.",
            honoured("b64_json"),
            wrong="png",
        ),
        parameter(
            "watermark",
            "Unsaid `true`, as published: a label in the lower right corner, unless the site sets "
            "another ([labels.md](labels.md)).",
            honoured(False),
            wrong="x",
        ),
        parameter(
            "output_format",
            "Unsaid `jpeg`. On every model; the vendor has it on 5.0.",
            honoured("png"),
            wrong="webp",
        ),
        parameter(
            "background",
            "`transparent` is a PNG unless `output_format` says `jpeg`: that is refused.",
            honoured("transparent", "on 5.0 pro and flash", **PRO),
            idle("transparent", "on the other models"),
            wrong="clear",
        ),
        parameter(
            "stream",
            "Unsaid `false`. See [Streams](#streams).",
            honoured(True, "on 4.0, 4.5, 5.0, 5.0 lite", **V4),
            refused(True, "on the other models"),
            wrong="x",
        ),
        parameter(
            "sequential_image_generation",
            "Unsaid `disabled`. With `auto` the prompt says how many; see [Groups](#groups).",
            honoured("auto", "on the models that stream", **V4, prompt="two pictures of a cat"),
            refused("auto", "on the other models"),
            wrong="yes",
        ),
        parameter(
            "sequential_image_generation_options",
            "`max_images`, 1 to 15: no more are drawn.",
            honoured(
                {"max_images": 2},
                "with `auto`",
                **V4,
                prompt="a series of images of a cat",
                sequential_image_generation="auto",
            ),
            idle({"max_images": 2}, "without it"),
            wrong=5,
        ),
        parameter(
            "optimize_prompt_options",
            "`mode` (unsaid `standard`) and `thinking`, of which one suffices: where the site has "
            "a language model it rewrites the prompt, and the item's `revised_prompt` is what was "
            "drawn ([docs/models.md](models.md#rewriting-prompts)). It never thinks at length. The "
            "mode `fast` is refused where the vendor refuses it: on all but 4.0 and 5.0 pro.",
            idle({"mode": "standard", "thinking": "auto"}, "where the site has no language model"),
            refused({"mode": "fast"}, "with `fast`"),
            wrong=5,
        ),
        parameter(
            "optimize_prompt",
            "The vendor's packages still have it: `true` is the mode `standard`, and `false` "
            "rewrites nothing whatever the options say.",
            idle(True, "where the site has no language model"),
            wrong="x",
        ),
        parameter(
            "tools",
            "Nothing is searched for.",
            idle([{"type": "web_search"}]),
            refused([{"type": "web_search"}], "on 5.0 pro and flash", **PRO),
            wrong="web_search",
        ),
        parameter(
            "layer_decomposition",
            "No model here takes a picture apart. `false` is taken.",
            refused(True),
            wrong="x",
        ),
    ),
)
