"""Pictures as the body of an answer in the A1111 dialect. Knows no request body."""

import base64
import json

from server.dialect import Json
from server.events import Drawn
from server.plan import Plan

SAMPLER = "Default"
"""Each model has its own, which cannot be chosen: the one name that is listed."""


def render(drawn: Drawn) -> Json:
    """The body of a successful call: pictures, what was asked for, and what was done, as text."""
    plan = drawn.plan
    seeds = [finished.picture.seed for finished in drawn.pictures]
    return {
        "images": [base64.b64encode(finished.picture.data).decode() for finished in drawn.pictures],
        "parameters": _parameters(plan),
        "info": json.dumps(_info(plan, seeds), ensure_ascii=False),
    }


def _parameters(plan: Plan) -> Json:
    request = plan.requests[0]
    return {
        "prompt": plan.prompt,
        "negative_prompt": request.negative_prompt,
        "seed": request.seed,
        "steps": request.steps,
        "cfg_scale": request.guidance,
        "width": plan.finish.size.width,
        "height": plan.finish.size.height,
        "batch_size": len(plan.requests),
        "n_iter": 1,
        "sampler_name": SAMPLER,
    }


def _info(plan: Plan, seeds: list[int]) -> Json:
    told = _parameters(plan)
    return {
        **told,
        "all_prompts": [plan.prompt] * len(seeds),
        "all_negative_prompts": [told["negative_prompt"]] * len(seeds),
        "all_seeds": seeds,
        "index_of_first_image": 0,
        "sd_model_name": plan.model.id,
        "infotexts": [_infotext(plan, seed) for seed in seeds],
    }


def _infotext(plan: Plan, seed: int) -> str:
    """As this dialect's clients read it back from a picture."""
    request = plan.requests[0]
    lines = [plan.prompt]
    if request.negative_prompt:
        lines.append(f"Negative prompt: {request.negative_prompt}")
    lines.append(
        f"Steps: {request.steps}, Sampler: {SAMPLER}, CFG scale: {request.guidance:.4g}, "
        f"Seed: {seed}, Size: {plan.finish.size}, Model: {plan.model.id}"
    )
    return "\n".join(lines)
