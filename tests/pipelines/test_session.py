"""A parked pipeline call: what it shares, what it owns, how it ends."""

import copy

import pytest
import torch
from diffusers import AutoencoderTiny, UNet2DConditionModel

from pipelines.gate import DenoiserGate
from pipelines.lanes import Lane
from pipelines.memory import Models
from pipelines.merge import Digests, run
from pipelines.session import Session
from tests.pipelines.drawing import difference, request, stock


def session(models: Models, **changes: object) -> Session:
    wanted = request("a", **changes)
    resident = models.get(wanted.model)
    return Session(wanted, resident.pipe, resident.family.arguments(wanted), Digests())


@torch.no_grad()
def finish(parked: Session) -> None:
    while parked.pending:
        parked.feed(run(parked.pending))


@torch.no_grad()
def start(parked: Session) -> Session:
    parked.start()
    return parked


def test_text_encoding_denoising_and_decoding_are_separate_calls(models: Models) -> None:
    parked, lanes = start(session(models, steps=3)), []
    with torch.no_grad():
        while parked.pending:
            lanes.append(parked.pending[0].lane)
            parked.feed(run(parked.pending))
    assert lanes == [Lane.ENCODE, Lane.ENCODE, *[Lane.DENOISE] * 3, Lane.DECODE]


def test_a_parked_call_ends_with_the_stock_picture(models: Models) -> None:
    parked = start(session(models))
    finish(parked)
    assert parked.finished
    assert parked.error is None
    assert parked.pixels is not None
    assert difference(parked.pixels, stock(models, request("a"))) == 0


def test_the_shared_pipeline_is_not_touched(models: Models) -> None:
    pipe = models.get("embedded").pipe
    before, before_scheduler = copy.copy(vars(pipe)), copy.copy(vars(pipe.scheduler))
    finish(start(session(models)))
    assert vars(pipe) == before
    assert "step" not in vars(pipe.scheduler)
    assert pipe.scheduler.step_index == before_scheduler.get("_step_index")


def test_two_sessions_on_one_pipeline_keep_their_own_step_index(models: Models) -> None:
    one, other = start(session(models, steps=3)), start(session(models, steps=5))
    with torch.no_grad():
        while one.pending or other.pending:
            for parked in (one, other):
                if parked.pending:
                    parked.feed(run(parked.pending))
    assert (one.step, one.steps) == (3, 3)
    assert (other.step, other.steps) == (5, 5)


def test_a_withdrawn_session_has_neither_picture_nor_error(models: Models) -> None:
    parked = start(session(models))
    with torch.no_grad():
        parked.withdraw()
        parked.withdraw()
    assert parked.finished
    assert parked.pending == ()
    assert parked.pixels is None
    assert parked.error is None


def test_an_exception_fed_in_becomes_the_error_of_the_session(models: Models) -> None:
    parked = start(session(models))
    with torch.no_grad():
        parked.fail(ValueError("out of cheese"))
    assert parked.finished
    assert isinstance(parked.error, ValueError)


def test_a_gate_passes_for_the_component_it_stands_for(models: Models) -> None:
    unet = models.get("embedded").pipe.unet
    gate = DenoiserGate(unet, lambda call: call, Digests())
    assert isinstance(gate, UNet2DConditionModel)
    assert not isinstance(gate, AutoencoderTiny)
    assert gate.config is unet.config
    assert gate.dtype == unet.dtype


def test_writes_to_a_gate_do_not_reach_the_component(models: Models) -> None:
    unet = models.get("embedded").pipe.unet
    gate = DenoiserGate(unet, lambda call: call, Digests())
    gate.some_flag = True
    assert gate.some_flag
    with pytest.raises(AttributeError):
        _ = unet.some_flag


def test_the_end_of_a_request_does_not_reset_what_others_hold(models: Models) -> None:
    unet = models.get("embedded").pipe.unet
    resets = []
    unet._reset_stateful_cache = lambda recurse=True: resets.append(recurse)
    try:
        finish(start(session(models)))
        DenoiserGate(unet, lambda call: call, Digests())._reset_stateful_cache()
    finally:
        del unet._reset_stateful_cache
    assert resets == []
