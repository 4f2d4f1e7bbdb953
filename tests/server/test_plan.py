"""A draft becomes exactly what will be drawn."""

import dataclasses
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.catalog import EMBEDDED, Catalog, Drawers, always_by, embedded_catalog
from pipelines.companions import Companions, Upscaler
from pipelines.errors import RequestError, TooLarge, TooSmall, UnknownModel, UnsupportedValue
from pipelines.label.label import CHINESE, ENGLISH, Label
from pipelines.types import Size
from server.draft import Customs, Draft, Style
from server.labelling import Labelling
from server.plan import MAX_SEED, Plan, make_plan
from server.sizing import SizePolicy
from server.styles import STYLE_WORDS

ARK = Customs(output_format="jpeg", only_ark_models=True)
OPENAI = Customs(output_format="png")


def plan(
    customs: Customs = OPENAI,
    gpt_image_url: bool = True,
    catalog: Catalog | None = None,
    add_style_words: bool = True,
    sizes: SizePolicy | None = None,
    labelling: Labelling | None = None,
    strict_guidance: bool = False,
    **said: Any,
) -> Plan:
    draft = Draft(**({"model": "gpt-image-1", "prompt": "a cat"} | said))
    return make_plan(
        draft,
        customs,
        catalog or embedded_catalog(),
        client="tester",
        gpt_image_url=gpt_image_url,
        random_seed=lambda: 77,
        add_style_words=add_style_words,
        sizes=sizes,
        labelling=labelling,
        strict_guidance=strict_guidance,
    )


def test_every_picture_is_a_request_of_its_own_with_the_next_seed() -> None:
    requests = plan(n=3, seed=5).requests
    assert [request.seed for request in requests] == [5, 6, 7]
    assert len({request.id for request in requests}) == 3
    assert {dataclasses.replace(request, id="", seed=0) for request in requests} == {
        dataclasses.replace(requests[0], id="", seed=0)
    }
    assert requests[0].client == "tester"
    assert requests[0].model == "embedded"


def test_seeds_begin_again_at_zero_after_the_last() -> None:
    assert [r.seed for r in plan(n=2, seed=MAX_SEED).requests] == [MAX_SEED, 0]


@pytest.mark.parametrize("seed", [None, -1])
def test_without_a_seed_one_is_drawn(seed: int | None) -> None:
    assert plan(seed=seed).requests[0].seed == 77


def test_quality_and_guidance_go_through_the_family() -> None:
    low, high = plan(quality="low").requests[0], plan(quality="max").requests[0]
    assert low.steps < high.steps
    weak, strong = (plan(guidance_scale=scale).requests[0] for scale in (1, 10))
    assert weak.guidance < plan().requests[0].guidance < strong.guidance


def test_the_family_chooses_what_it_draws_and_the_finish_what_is_given() -> None:
    made = plan(size="1536x1024")
    assert made.finish.size == Size(1536, 1024)
    assert made.requests[0].size == Size(320, 208)
    assert made.facts["native-size"] == "320x208"
    assert made.facts["resample"] == "lanczos"


def test_a_size_drawn_natively_is_not_resampled() -> None:
    made = plan(model="seedbed", size="256x256")
    assert made.requests[0].size == Size(256, 256)
    assert made.facts["resample"] == "none"


def test_a_network_on_the_device_enlarges_where_there_is_one() -> None:
    upscaler = Upscaler("realesrgan-x4plus", Path("x4"), 4)
    policy = SizePolicy(companions=Companions((upscaler,)))
    made = plan(sizes=policy, size="1536x1024")
    assert made.facts["resample"] == "realesrgan-x4plus"
    assert made.requests[0].upscaler == "realesrgan-x4plus"
    assert made.requests[0].upscale_to == made.finish.size == Size(1536, 1024)
    assert plan(size="1536x1024").requests[0].upscaler is None


def test_what_will_be_cut_out_is_drawn_on_a_plain_ground() -> None:
    (request,) = plan(background="transparent").requests
    assert request.prompt == "a cat on a white background", "the embedded model's own words"
    said = plan(background="transparent", prompt="a cat before a red background")
    assert said.requests[0].prompt == "a cat before a red background"
    assert plan(background="opaque").requests[0].prompt == "a cat"
    assert plan(background="transparent", model="dall-e-3").requests[0].prompt == "a cat"


def test_a_network_cuts_out_where_there_is_one() -> None:
    policy = SizePolicy(companions=Companions(matting=Path("birefnet")))
    made = plan(sizes=policy, background="transparent")
    assert made.requests[0].cut_out
    assert made.facts["matte"] == "birefnet"
    assert plan(background="transparent").facts["matte"] == "plain-background"
    assert not plan(sizes=policy).requests[0].cut_out
    assert plan(sizes=policy).facts["matte"] == ""


def test_a_size_that_would_lose_most_of_the_drawn_picture_is_refused() -> None:
    with pytest.raises(UnsupportedValue, match="would lose more than half") as caught:
        plan(ARK, model="doubao-seedream-4-0-250828", size="16000x1000")
    assert caught.value.param == "size"


@pytest.mark.parametrize(
    ("said", "url", "base64", "gpt_image_url"),
    [
        ({}, True, True, True),
        ({}, False, True, False),
        ({"response_format": "url"}, True, False, False),
        ({"response_format": "b64_json"}, False, True, True),
        ({"model": "dall-e-2"}, True, False, False),
        ({"model": "dall-e-2", "response_format": "b64_json"}, False, True, True),
    ],
)
def test_how_pictures_are_handed_over(
    said: dict[str, str], url: bool, base64: bool, gpt_image_url: bool
) -> None:
    made = plan(gpt_image_url=gpt_image_url, **said)
    assert (made.wants_url, made.wants_base64) == (url, base64)


def test_the_format_is_the_dialects_unless_said() -> None:
    assert plan(OPENAI).finish.format == "png"
    assert plan(ARK, model="doubao-seedream-3-0-t2i").finish.format == "jpeg"
    assert plan(OPENAI, output_format="webp").finish.format == "webp"


@pytest.mark.parametrize(
    ("model", "label"),
    [("doubao-seedream-3-0-t2i", True), ("dall-e-3", False), ("gpt-image-1", False)],
)
def test_seedream_labels_by_default(model: str, label: bool) -> None:
    assert (plan(model=model).finish.label is not None) is label
    assert (plan(model=model, watermark=not label).finish.label is None) is label


def test_the_label_is_the_site_s_in_the_prompt_s_language() -> None:
    look = Label(style="plate", corner="top-left")

    def label(prompt: str, **labelling: Any) -> Label | None:
        policy = Labelling(look=look, **labelling)
        return plan(labelling=policy, prompt=prompt, watermark=True).finish.label

    assert label("a cat") == Label(ENGLISH, "plate", "top-left")
    assert label("a 猫") == Label(CHINESE, "plate", "top-left")
    assert label("a 猫", language="en") == Label(ENGLISH, "plate", "top-left")
    assert label("a cat", language="zh") == Label(CHINESE, "plate", "top-left")
    assert label("a 猫", text="drawn by us") == Label("drawn by us", "plate", "top-left")


def test_style_words_of_the_server_do_not_change_the_label_s_language() -> None:
    wanted = {"model": "dall-e-3", "style": "vivid", "watermark": True}
    assert getattr(plan(prompt="猫", **wanted).finish.label, "text", None) == CHINESE


def test_only_the_models_that_cut_out_do_so_and_the_others_say_it() -> None:
    assert plan(background="transparent").finish.transparent
    dall_e = plan(model="dall-e-2", background="transparent")
    assert not dall_e.finish.transparent
    assert dall_e.facts["ignored"] == "background"


def test_models_of_another_vendor_are_unknown_to_ark() -> None:
    with pytest.raises(UnknownModel):
        plan(ARK, model="gpt-image-1")


@pytest.mark.parametrize("name", ["negative_prompt", "prompt"])
def test_texts_have_a_length(name: str) -> None:
    with pytest.raises(RequestError) as caught:
        plan(**{name: "x" * 32_001})
    assert caught.value.param == name
    assert "32000" in caught.value.message


@pytest.mark.parametrize(
    ("scale", "error"), [(0.99, TooSmall), (10.01, TooLarge), (float("nan"), RequestError)]
)
def test_guidance_stays_within_its_range(scale: float, error: type[Exception]) -> None:
    with pytest.raises(error):
        plan(guidance_scale=scale)


def test_a_strict_site_refuses_guidance_that_would_have_no_effect() -> None:
    klein = Catalog(always_by(replace(EMBEDDED, name="flux2-klein-4b", family="flux2_klein")))
    with pytest.raises(UnsupportedValue, match=r"no effect here: flux2-klein-4b, which") as fault:
        plan(catalog=klein, strict_guidance=True, guidance_scale=2.5)
    assert fault.value.param == "guidance_scale"
    for said in (None, 5.5):
        made = plan(catalog=klein, strict_guidance=True, guidance_scale=said)
        assert made.facts["ignored"] == ""
    assert plan(strict_guidance=True, guidance_scale=2.5).requests[0].guidance != 1


def test_distilled_models_say_that_guidance_has_no_effect() -> None:
    klein = Catalog(always_by(replace(EMBEDDED, family="flux2_klein")))
    made = plan(catalog=klein, guidance_scale=2.5)
    assert made.facts["guidance"] == "requested=2.5; applied=none; reason=distilled"
    assert made.facts["ignored"] == "guidance_scale"
    assert plan(catalog=klein).facts["guidance"] == "applied=none; reason=distilled"
    usual = plan(catalog=klein, guidance_scale=5.5)
    assert usual.facts["ignored"] == ""


def test_the_usual_guidance_of_each_vendors_model_counts_as_not_said() -> None:
    for model, usual in (("doubao-seedream-3-0-t2i", 2.5), ("doubao-seedream-4-0-250828", 5.5)):
        said = plan(ARK, model=model, guidance_scale=usual).requests[0]
        assert said.guidance == plan(ARK, model=model).requests[0].guidance


def test_one_recipe_for_all_qualities_is_told() -> None:
    klein = Catalog(always_by(replace(EMBEDDED, family="flux2_klein")))
    assert plan(catalog=klein, quality="high").facts["quality"] == "requested=high; applied=single"
    assert plan(quality="high").facts["quality"] == "requested=high; applied=high"


def test_the_quality_may_choose_another_stand_in() -> None:
    fine = replace(EMBEDDED, name="fine")
    ladder = {"low": (EMBEDDED,), "standard": (EMBEDDED,), "high": (fine,)}
    catalog = Catalog(Drawers(ladder, ladder))
    assert plan(catalog=catalog).requests[0].model == "embedded"
    made = plan(catalog=catalog, quality="hd", model="dall-e-3")
    assert made.requests[0].model == "fine"
    assert made.facts["model"] == "fine; requested=dall-e-3"


def test_an_operators_name_has_the_contract_of_another() -> None:
    own = replace(EMBEDDED, name="mine")
    catalog = Catalog(always_by(EMBEDDED), {"mine": always_by(own)}, {"mine": "seedbed"})
    made = plan(catalog=catalog, model="mine", size="64x64")
    assert (made.model.id, made.requests[0].model) == ("mine", "mine")
    with pytest.raises(UnknownModel):
        plan(model="mine")


@pytest.mark.parametrize("style", ["vivid", "natural"])
def test_a_style_is_words_behind_the_prompt(style: Style) -> None:
    made = plan(model="dall-e-3", prompt="a cat. ", style=style)
    assert made.prompt == f"a cat, {STYLE_WORDS[style]}" == made.requests[0].prompt
    assert made.facts["ignored"] == ""
    plain = plan(model="dall-e-3", prompt="a cat. ")
    assert plain.prompt == "a cat. "


def test_where_styles_mean_nothing_they_are_named() -> None:
    assert plan(style="vivid").facts["ignored"] == "style"
    off = plan(model="dall-e-3", style="vivid", add_style_words=False)
    assert (off.prompt, off.facts["ignored"]) == ("a cat", "style")
