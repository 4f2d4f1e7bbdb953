"""Which model leaves for which: the policy as sentences."""

from dataclasses import replace

from pipelines.residency import Held, Leave, Residency, Wait


def held(name: str, **changes: object) -> Held:
    model = Held(name, 40, loaded_s=0.0, load_took_s=1.0, uses_per_s=1.0, at_work=False)
    return replace(model, **changes)  # type: ignore[arg-type]


POLICY = Residency(budget_bytes=100, min_stay_s=20.0)


def test_what_fits_is_loaded_and_nothing_leaves() -> None:
    assert POLICY.make_room(60, [held("a")], 0.0) == Leave(())


def test_without_a_budget_everything_fits() -> None:
    assert Residency().make_room(10**15, [held("a")], 0.0) == Leave(())
    assert Residency().fits_at_all(10**15)


def test_a_model_larger_than_the_budget_never_fits() -> None:
    assert POLICY.fits_at_all(100)
    assert not POLICY.fits_at_all(101)


def test_the_model_that_is_cheapest_to_miss_leaves_first() -> None:
    slow = held("slow to load", load_took_s=30.0)
    rare = held("rarely used", uses_per_s=0.01)
    assert POLICY.make_room(50, [slow, rare], 0.0) == Leave(("rarely used",))


def test_no_more_models_leave_than_have_to() -> None:
    assert POLICY.make_room(60, [held("a"), held("b")], 0.0) == Leave(("a",))
    assert POLICY.make_room(100, [held("a"), held("b")], 0.0) == Leave(("a", "b"))


def test_a_model_at_work_does_not_leave() -> None:
    busy, free = held("busy", at_work=True, uses_per_s=0.0), held("free")
    assert POLICY.make_room(60, [busy, free], 0.0) == Leave(("free",))


def test_a_busy_model_that_came_just_now_is_not_drained() -> None:
    busy = held("busy", size_bytes=80, at_work=True, loaded_s=90.0)
    assert POLICY.make_room(60, [busy], 100.0) == Wait(())


def test_a_busy_model_that_stayed_long_enough_drains() -> None:
    busy = held("busy", size_bytes=80, at_work=True, loaded_s=80.0)
    assert POLICY.make_room(60, [busy], 100.0) == Wait(("busy",))


def test_nothing_drains_in_vain() -> None:
    ripe = held("ripe", at_work=True, loaded_s=0.0)
    fresh = held("fresh", at_work=True, loaded_s=95.0)
    assert POLICY.make_room(100, [ripe, fresh], 100.0) == Wait(())
