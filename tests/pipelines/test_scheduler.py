"""The policy as sentences, and random traffics that must lose, double and starve nothing."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.lanes import Lane
from pipelines.scheduler import Parked, Policy, Scheduler

KNEE = 100.0


def parked(name: str, **changes: object) -> Parked:
    waiting = Parked(
        id=name,
        lane=Lane.DENOISE,
        key="size A",
        tokens=40.0,
        knee=KNEE,
        rows=1,
        remaining_s=1.0,
        isolated_s=2.0,
        arrived_s=0.0,
    )
    return replace(waiting, **changes)  # type: ignore[arg-type]


def test_nothing_parked_means_nothing_to_do() -> None:
    assert Scheduler().next([], 0.0) == ()


def test_rows_with_equal_keys_share_a_step_up_to_the_knee_and_not_beyond() -> None:
    waiting = [parked(name) for name in "abcde"]
    assert Scheduler().next(waiting, 0.0) == ("a", "b", "c")


def test_a_row_that_saturates_the_device_runs_alone() -> None:
    waiting = [parked("large", tokens=100.0), parked("small", remaining_s=2.0)]
    assert Scheduler().next(waiting, 0.0) == ("large",)


def test_rows_with_other_keys_do_not_block_those_behind_them() -> None:
    waiting = [
        parked("first"),
        parked("other", key="size B", remaining_s=1.1),
        parked("mate", remaining_s=1.2),
    ]
    assert Scheduler().next(waiting, 0.0) == ("first", "mate")


def test_other_sizes_join_where_filling_up_costs_less_than_a_step_of_their_own() -> None:
    small = parked("small", tokens=20.0, mixed_key="model")
    mate = parked("mate", tokens=20.0, remaining_s=3.0, mixed_key="model")
    wide = parked("wide", tokens=30.0, key="size B", remaining_s=1.1, mixed_key="model")
    large = parked("large", tokens=40.0, key="size C", remaining_s=1.2, mixed_key="model")
    assert Scheduler().next([small, mate, wide], 0.0) == ("small", "mate", "wide")
    assert Scheduler(max_rows=2).next([small, mate, wide], 0.0) == ("small", "mate")
    # Four rows of 40 tokens cost 60 beyond the knee; alone, the large one costs a step of 100.
    assert Scheduler().next([small, mate, wide, large], 0.0) == ("small", "mate", "wide", "large")


def test_other_sizes_stay_away_where_filling_up_costs_more_than_a_step_of_their_own() -> None:
    small = [parked(f"small {n}", tokens=20.0, mixed_key="model") for n in range(3)]
    large = parked("large", tokens=60.0, key="size B", remaining_s=1.1, mixed_key="model")
    # Two rows of 60 tokens cost 20 beyond the knee, four rows cost 140.
    assert Scheduler().next([small[0], large], 0.0) == ("small 0", "large")
    assert Scheduler().next([*small, large], 0.0) == ("small 0", "small 1", "small 2")


def test_other_sizes_stay_away_where_they_fill_a_step_of_their_own() -> None:
    first = parked("first", tokens=90.0, mixed_key="model")
    others = [
        parked(f"other {n}", tokens=10.0, key="size B", remaining_s=2.0, mixed_key="model")
        for n in range(12)
    ]
    assert Scheduler().next([first, others[0]], 0.0) == ("first", "other 0")
    assert Scheduler().next([first, *others], 0.0) == ("first",)


@pytest.mark.parametrize(
    "changes",
    [{"mixed_key": None}, {"mixed_key": "another model"}, {"alone": True}],
    ids=["a model that cannot mix", "another model", "reproducible"],
)
def test_other_sizes_that_may_not_be_mixed_stay_apart(changes: dict[str, object]) -> None:
    small = parked("small", tokens=20.0, mixed_key="model")
    wide = parked("wide", tokens=30.0, key="size B", remaining_s=1.1, mixed_key="model")
    assert Scheduler().next([small, replace(wide, **changes)], 0.0) == ("small",)  # type: ignore[arg-type]


def test_no_more_rows_than_allowed_share_a_step() -> None:
    waiting = [parked(name, tokens=1.0, rows=2) for name in "abcdef"]
    assert Scheduler(max_rows=6).next(waiting, 0.0) == ("a", "b", "c")


def test_the_shortest_remaining_work_goes_first() -> None:
    waiting = [parked("long", remaining_s=9.0, key=1), parked("short", remaining_s=1.0, key=2)]
    assert Scheduler().next(waiting, 0.0) == ("short",)


def test_a_long_request_that_waited_overtakes_a_short_one() -> None:
    long = parked("long", remaining_s=9.0, arrived_s=0.0, key=1)
    short = parked("short", remaining_s=1.0, arrived_s=20.0, key=2)
    assert Scheduler(ageing=0.5).next([long, short], 20.0) == ("long",)
    assert Scheduler(ageing=0.0).next([long, short], 20.0) == ("short",)


def test_fcfs_keeps_the_order_of_arrival() -> None:
    early = parked("early", remaining_s=9.0, arrived_s=1.0, key=1)
    late = parked("late", remaining_s=1.0, arrived_s=2.0, key=2)
    assert Scheduler(Policy.FCFS).next([late, early], 3.0) == ("early",)


def test_edf_prefers_the_deadline_that_comes_first() -> None:
    relaxed = parked("relaxed", isolated_s=10.0, arrived_s=0.0, key=1)
    urgent = parked("urgent", isolated_s=1.0, arrived_s=5.0, key=2)
    assert Scheduler(Policy.EDF).next([relaxed, urgent], 6.0) == ("urgent",)


def test_priority_is_a_head_start_in_seconds() -> None:
    plain = parked("plain", remaining_s=1.0, key=1)
    favoured = parked("favoured", remaining_s=3.0, priority_s=2.5, key=2)
    assert Scheduler().next([plain, favoured], 0.0) == ("favoured",)


def test_decoding_finishes_a_picture_before_others_take_another_step() -> None:
    waiting = [parked("drawing"), parked("drawn", lane=Lane.DECODE, remaining_s=0.0)]
    assert Scheduler().next(waiting, 0.0) == ("drawn",)


def test_a_newcomer_encodes_first_when_the_step_has_room_for_it() -> None:
    waiting = [parked("drawing"), parked("new", lane=Lane.ENCODE, remaining_s=5.0)]
    assert Scheduler().next(waiting, 0.0) == ("new",)


def test_a_newcomer_waits_while_the_step_is_full() -> None:
    waiting = [
        *(parked(name) for name in "abc"),
        parked("new", lane=Lane.ENCODE, remaining_s=5.0),
    ]
    assert Scheduler().next(waiting, 0.0) == ("a", "b", "c")


def test_an_endless_row_of_newcomers_does_not_stop_the_drawing() -> None:
    scheduler = Scheduler(max_rows=4)
    drawing = parked("drawing", key=0)
    choices = [
        scheduler.next([drawing, parked(f"n{n}", lane=Lane.ENCODE, remaining_s=5.0)], 0.0)
        for n in range(10)
    ]
    assert choices.count(("drawing",)) == 2


def test_a_reproducible_request_never_shares_and_is_never_shared_with() -> None:
    alone = parked("alone", alone=True)
    mates = [parked("b", remaining_s=2.0), parked("c", remaining_s=2.0)]
    assert Scheduler().next([alone, *mates], 0.0) == ("alone",)
    assert Scheduler().next([replace(alone, remaining_s=9.0), *mates], 0.0) == ("b", "c")


def test_auxiliary_nets_go_before_the_denoiser_they_feed() -> None:
    waiting = [
        parked("ahead", remaining_s=0.5),
        parked("behind", auxiliary=True, key="controlnet"),
        parked("also behind", auxiliary=True, key="controlnet", remaining_s=2.0),
    ]
    assert Scheduler().next(waiting, 0.0) == ("behind", "also behind")


def test_a_client_that_was_served_much_waits_for_one_that_was_not() -> None:
    scheduler = Scheduler()
    scheduler.charge("busy", 10.0)
    scheduler.arrive("quiet", ["busy"])
    scheduler.charge("busy", 5.0)
    busy = parked("busy-1", client="busy", key=1, remaining_s=1.0)
    quiet = parked("quiet-1", client="quiet", key=2, remaining_s=4.0)
    assert scheduler.next([busy, quiet], 0.0) == ("quiet-1",)


def test_time_a_client_did_not_use_is_not_saved_up() -> None:
    scheduler = Scheduler()
    scheduler.charge("busy", 1000.0)
    scheduler.arrive("back again", ["busy"])
    busy = parked("busy-1", client="busy", key=1, remaining_s=1.0)
    back = parked("back-1", client="back again", key=2, remaining_s=4.0)
    assert scheduler.next([busy, back], 0.0) == ("busy-1",)


@dataclass
class Job:
    """A request of the simulated traffic: encode, `steps` denoising steps, decode."""

    name: str
    arrived_s: float
    steps: int
    tokens: float
    key: str
    client: str
    alone: bool
    left: int = field(init=False)
    lane: Lane = Lane.ENCODE
    finished_s: float | None = None

    def __post_init__(self) -> None:
        self.left = self.steps

    def parked(self) -> Parked:
        return Parked(
            id=self.name,
            lane=self.lane,
            key=self.key if self.lane is Lane.DENOISE else object(),
            tokens=self.tokens,
            knee=KNEE,
            rows=1,
            remaining_s=self.left * step_s(self.tokens),
            isolated_s=self.steps * step_s(self.tokens),
            arrived_s=self.arrived_s,
            client=self.client,
            alone=self.alone,
        )

    def advance(self) -> None:
        assert self.finished_s is None, "a finished request was run again"
        if self.lane is Lane.ENCODE:
            self.lane = Lane.DENOISE
        elif self.left > 1:
            self.left -= 1
        elif self.lane is Lane.DENOISE:
            self.left, self.lane = 0, Lane.DECODE
        else:
            raise AssertionError("decoded twice")


def step_s(tokens: float) -> float:
    return max(0.1, 0.001 * tokens)


def traffic(seed: int, count: int) -> list[Job]:
    rng = random.Random(seed)
    jobs, now_s = [], 0.0
    for number in range(count):
        now_s += rng.expovariate(1.0)
        tokens = rng.choice((10.0, 40.0, 160.0))
        jobs.append(
            Job(
                name=f"r{number}",
                arrived_s=now_s,
                steps=rng.choice((1, 4, 20)),
                tokens=tokens,
                key=f"size {tokens}",
                client=rng.choice(("x", "y", "z")),
                alone=rng.random() < 0.1,
            )
        )
    return jobs


def simulate(
    jobs: list[Job], scheduler: Scheduler, shuffle: Callable[[list[Parked]], None] = lambda _: None
) -> list[tuple[str, ...]]:
    """Drive the real scheduler on a virtual clock until everything is drawn."""
    now_s, waiting, live, chosen_log = 0.0, list(jobs), list[Job](), list[tuple[str, ...]]()
    while waiting or live:
        if not live:
            now_s = max(now_s, waiting[0].arrived_s)
        while waiting and waiting[0].arrived_s <= now_s:
            job = waiting.pop(0)
            scheduler.arrive(job.client, {other.client for other in live})
            live.append(job)
        parked_calls = [job.parked() for job in live]
        shuffle(parked_calls)
        chosen = scheduler.next(parked_calls, now_s)
        assert chosen, "work is parked, but nothing was chosen"
        assert len(set(chosen)) == len(chosen)
        chosen_log.append(chosen)
        members = [job for job in live if job.name in chosen]
        check_group(members)
        seconds = step_s(sum(job.tokens for job in members))
        now_s += seconds
        for job in members:
            scheduler.charge(job.client, seconds / len(members))
            if job.lane is Lane.DECODE:
                job.finished_s = now_s
                live.remove(job)
            else:
                job.advance()
    return chosen_log


def check_group(members: list[Job]) -> None:
    assert len({job.key for job in members}) == 1
    assert len({job.lane for job in members}) == 1
    assert len(members) == 1 or not any(job.alone for job in members)
    assert sum(job.tokens for job in members[:-1]) < KNEE, "a row was added past the knee"
    assert len(members) <= 16


@pytest.mark.parametrize("policy", list(Policy))
@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10**9), count=st.integers(1, 30))
def test_random_traffic_is_drawn_completely_and_once(policy: Policy, seed: int, count: int) -> None:
    jobs = traffic(seed, count)
    chosen = simulate(jobs, Scheduler(policy))
    runs = [name for group in chosen for name in group]
    for job in jobs:
        assert job.finished_s is not None
        assert runs.count(job.name) == job.steps + 2  # encode, the steps, decode


@pytest.mark.parametrize("seed", range(3))
def test_a_long_request_is_not_starved_by_an_endless_stream_of_short_ones(seed: int) -> None:
    def finish_of_long(ageing: float) -> float:
        long = Job("long", 0.0, steps=20, tokens=160.0, key="L", client="x", alone=False)
        rng, now_s, jobs = random.Random(seed), 0.0, [long]
        for number in range(200):  # more work arrives than the device can do
            now_s += rng.uniform(0.05, 0.15)
            jobs.append(Job(f"s{number}", now_s, 1, 120.0, "S", "x", alone=False))
        simulate(jobs, Scheduler(ageing=ageing))
        order = sorted(jobs, key=lambda job: job.finished_s or 0.0)
        return order.index(long) / len(order)

    assert finish_of_long(ageing=0.5) < 0.6
    assert finish_of_long(ageing=0.0) == 200 / 201  # what ageing is for


def test_small_keys_are_served_while_one_key_floods() -> None:
    flood = [Job(f"f{n}", 0.0, 4, 160.0, "S", "flood", alone=False) for n in range(100)]
    small = [Job(f"q{n}", 1.0, 4, 160.0, "S", f"quiet {n}", alone=False) for n in range(3)]
    simulate([*flood, *small], Scheduler(Policy.FCFS))
    finished = sorted((job.finished_s or 0.0, job.name) for job in [*flood, *small])
    places = [place for place, (_, name) in enumerate(finished) if name.startswith("q")]
    assert max(places) <= 12


def test_words_and_drawing_take_turns_whoever_is_first_in_rank() -> None:
    scheduler, turns = Scheduler(), []
    waiting = [
        parked("words", lane=Lane.WRITE, key="w", priority_s=1000.0),
        parked("more words", lane=Lane.WRITE, key="m", priority_s=900.0),
        parked("picture"),
    ]
    for _ in range(4):
        turns += scheduler.next(waiting, 0.0)
    assert turns == ["words", "picture", "words", "picture"]
    assert [scheduler.next(waiting[:2], 0.0) for _ in range(3)] == [("words",)] * 3


def test_words_do_not_go_before_a_drawing_that_is_first_in_rank() -> None:
    waiting = [parked("words", lane=Lane.WRITE, key="w", remaining_s=9.0), parked("picture")]
    assert [Scheduler().next(waiting, 0.0) for _ in range(2)] == [("picture",)] * 2
