"""What a worker is given, in which order, and how long that will take."""

from dataclasses import replace

import pytest

from pipelines.cost import UNMEASURED, StepCost
from pipelines.desk import Desk, Ticket, drain_s
from pipelines.messages import Loading, Progress
from pipelines.types import Size
from tests.pipelines.strokes import request

COST = StepCost.measured([(256.0, 1.0), (1024.0, 4.0)])


def open_desk() -> Desk:
    desk = Desk(frozenset({"strokes"}))
    desk.open({"strokes": COST})
    return desk


def ticket(number: int, deaths: int = 0, steps: int = 8) -> Ticket:
    wanted = request(f"r{number}", steps=steps, side=256)
    return Ticket(number, wanted, wanted.size.tokens, deaths=deaths)


def nothing(_: Ticket) -> float:
    """Seconds beside denoising, where there is nothing but that."""
    return 0.0


def numbers(tickets: list[Ticket]) -> list[int]:
    return [t.number for t in tickets]


def test_a_worker_is_given_everything_in_order_of_arrival() -> None:
    desk = open_desk()
    for number in (2, 0, 1):
        desk.add(ticket(number))

    assert numbers(desk.hand_over()) == [0, 1, 2]
    assert desk.hand_over() == []


def test_nothing_is_handed_to_a_worker_that_is_not_ready() -> None:
    desk = Desk(frozenset({"strokes"}))
    desk.add(ticket(0))
    assert desk.hand_over() == []

    desk.open({"strokes": COST})

    assert numbers(desk.hand_over()) == [0]


def test_suspects_are_drawn_alone_and_before_all_others() -> None:
    desk = open_desk()
    suspects = [ticket(5, deaths=1), ticket(6, deaths=1)]
    for t in (ticket(0), suspects[1], ticket(1), suspects[0]):
        desk.add(t)

    assert numbers(desk.hand_over()) == [5]
    desk.remove(suspects[0])
    assert numbers(desk.hand_over()) == [6]
    desk.remove(suspects[1])
    assert numbers(desk.hand_over()) == [0, 1]


def test_a_suspect_waits_for_a_busy_worker_to_be_free() -> None:
    desk = open_desk()
    busy = ticket(3)
    desk.add(busy)
    desk.hand_over()
    desk.add(ticket(0, deaths=1))
    desk.add(ticket(4))

    assert desk.hand_over() == []
    desk.remove(busy)
    assert numbers(desk.hand_over()) == [0]


def test_a_death_is_counted_for_what_was_in_hand_only() -> None:
    desk = open_desk()
    in_hand = ticket(0)
    desk.add(in_hand)
    desk.hand_over()
    in_hand.step = 5
    waiting = ticket(1, deaths=1)
    desk.add(waiting)

    assert numbers(desk.close("died")) == [0, 1]

    assert (in_hand.deaths, in_hand.step) == (1, 0)
    assert waiting.deaths == 1
    assert (desk.ready, desk.reason, desk.backlog_s) == (False, "died", 0.0)


def test_steps_that_are_done_are_no_backlog() -> None:
    desk = open_desk()
    drawn = ticket(0, steps=8)
    desk.add(drawn)
    assert desk.backlog_s == pytest.approx(8.0)

    drawn.step = 6

    assert desk.backlog_s == pytest.approx(2.0)


def test_work_below_the_knee_is_shared_and_beyond_it_adds_up() -> None:
    flat = StepCost.measured([(256.0, 1.0), (512.0, 1.0), (1024.0, 2.0)])

    assert drain_s(flat, [ticket(0)], nothing) == pytest.approx(8.0)
    assert drain_s(flat, [ticket(0), ticket(1)], nothing) == pytest.approx(8.0)
    assert drain_s(flat, [ticket(n) for n in range(8)], nothing) == pytest.approx(32.0)
    assert drain_s(flat, [], nothing) == 0.0


def test_what_is_no_denoising_is_done_for_one_after_the_other() -> None:
    flat = StepCost.measured([(256.0, 1.0), (1024.0, 1.0)])
    assert drain_s(flat, [ticket(0)], lambda _: 3.0) == pytest.approx(8.0 + 3.0)
    # Eight steps that eight share take as long as those of one; eight decodings do not.
    assert drain_s(flat, [ticket(n) for n in range(8)], lambda _: 3.0) == pytest.approx(
        8 * 256 / 1024 * 8 + 8 * 3.0
    )


def test_what_comes_beside_denoising_is_learnt_from_requests_of_the_same_kind() -> None:
    desk = open_desk()
    first, second = ticket(0), ticket(1)
    larger = replace(second.request, id="large", upscaler="x4", upscale_to=Size(1024, 1024))
    desk.add(first)
    desk.hand_over()
    assert desk.backlog_s == pytest.approx(8.0), "nothing is known yet"
    desk.progressed(first, Progress(first.request.id, 1, 8, eta_s=7.0 + 5.0))
    assert desk.backlog_s == pytest.approx(7.0 + 5.0)
    desk.add(second)
    assert desk.backlog_s == pytest.approx(7.0 + 5.0 + 8.0 + 5.0)
    desk.add(Ticket(2, larger, second.tokens))
    assert desk.backlog_s == pytest.approx(7.0 + 5.0 + 8.0 + 5.0 + 8.0), "of another kind"
    desk.progressed(first, Progress(first.request.id, 8, 8, eta_s=2.0))
    assert desk.backlog_s == pytest.approx(2.0 + 8.0 + 5.0 + 8.0), "the worker knows best"


def test_a_request_that_is_drawn_again_has_everything_before_it() -> None:
    desk = open_desk()
    only = ticket(0)
    desk.add(only)
    desk.hand_over()
    desk.progressed(only, Progress(only.request.id, 8, 8, eta_s=2.0))
    desk.close("died")
    assert (only.step, only.beside_s) == (0, None)


def test_a_model_that_is_not_on_the_device_makes_its_requests_wait_for_its_loading() -> None:
    desk = Desk(frozenset({"strokes", "large"}))
    desk.open({"strokes": COST}, absent=[("large", 30.0)])
    assert desk.backlog_s == 0.0
    assert desk.wait_s("strokes") == 0.0
    assert desk.wait_s("large") == 30.0

    wanted = Ticket(0, request("a", model="large", steps=8, side=256), tokens=256.0)
    desk.add(wanted)
    assert desk.backlog_s == pytest.approx(30.0 + drain_s(UNMEASURED, [wanted], nothing))
    assert desk.wait_s("large") == pytest.approx(desk.backlog_s), "its loading counts once"

    desk.arrived("large", COST)
    assert desk.backlog_s == pytest.approx(drain_s(COST, [wanted], nothing))
    desk.remove(wanted)
    desk.departed("large", 20.0)
    assert desk.wait_s("large") == 20.0


def test_a_worker_that_loads_says_how_far_it_is() -> None:
    desk = Desk(frozenset({"large"}))
    desk.loading(Loading("large", 2**31, 2**32, 12.4))
    assert desk.reason == "is loading large: 2.0 of 4.0 GiB, about 12 s left"
    assert desk.ready_in_s == 12.4
    desk.loading(Loading("large", 0, 2**32))
    assert desk.ready_in_s is None
    desk.loading(Loading("small", 2**20, 2**24, 1.0))
    assert desk.reason == "is loading small: 1.0 of 16.0 MiB, about 1 s left"
    desk.loading(Loading("large", 0, 2**32))
    assert desk.reason == "is loading large: 0.0 of 4.0 GiB"
    desk.loading(Loading("large"))
    assert desk.reason == "is loading large"


def test_a_worker_that_draws_is_ready_while_it_brings_another_model() -> None:
    desk = open_desk()
    desk.loading(Loading("large"))
    assert desk.ready
    assert desk.reason == ""


def test_it_knows_where_the_workers_models_are() -> None:
    desk = Desk(frozenset({"small", "large"}))
    desk.loading(Loading("small"))
    desk.loading(Loading("small", 5, 20, left_s=3.0))
    large, small = desk.presences.all
    assert (large.state, large.load_s) == ("absent", None)
    assert (small.state, small.done_bytes, small.size_bytes, small.load_s) == ("loading", 5, 20, 3)
    desk.open({"small": UNMEASURED}, [("large", 9.0)])
    large, small = desk.presences.all
    assert (large.state, large.load_s) == ("absent", 9.0)
    assert (small.state, small.done_bytes, small.size_bytes) == ("resident", 0, 20)
    desk.departed("small", 4.0)
    desk.loading(Loading("large", 0, 70))
    desk.arrived("large", UNMEASURED)
    large, small = desk.presences.all
    assert (large.state, large.size_bytes, small.state, small.load_s) == (
        "resident",
        70,
        "absent",
        4,
    )
    desk.close("died")
    assert {one.state for one in desk.presences.all} == {"absent"}
