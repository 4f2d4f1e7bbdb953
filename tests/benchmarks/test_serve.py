"""What the comparison of server and loop makes of its measurements."""

import pytest
from rich.console import Console

from benchmarks.serve import Result, Turns, result, table
from benchmarks.workload import wanted
from pipelines.families import family


def turns(clients: int, *rounds: tuple[float, list[float]]) -> Turns:
    filled = Turns(clients)
    for wall_s, latencies_s in rounds:
        filled.add(wall_s, latencies_s)
    return filled


@pytest.fixture
def measured() -> Result:
    return result(
        turns(1, (2.0, [1.0, 1.0]), (4.0, [2.0, 2.0])),
        [
            turns(1, (2.2, [1.1, 1.1]), (4.0, [2.0, 2.0])),
            turns(8, (8.0, [4.0] * 16), (8.0, [4.0] * 15 + [6.0])),
        ],
        threads=2,
        device="cpu",
    )


def test_the_loop_is_one_and_the_server_is_measured_by_it(measured: Result) -> None:
    assert [row.clients for row in measured.rows] == [1, 1, 8]
    assert [row.pictures for row in measured.rows] == [4, 4, 32]
    assert [row.pictures_per_s for row in measured.rows] == pytest.approx([4 / 6, 4 / 6.2, 2.0])
    assert [row.ratio for row in measured.rows] == pytest.approx([1.0, 6 / 6.2, 3.0])


def test_the_spread_of_the_rounds_is_shown(measured: Result) -> None:
    eight = measured.rows[2]

    assert (eight.lowest_ratio, eight.highest_ratio) == pytest.approx((2.0, 4.0))


def test_the_slowest_picture_of_a_hundred_is_the_p99(measured: Result) -> None:
    assert (measured.rows[2].p50_s, measured.rows[2].p99_s) == (4.0, 6.0)


def test_the_added_latency_is_between_the_medians(measured: Result) -> None:
    assert measured.added_latency_ms == pytest.approx(1000 * (1.55 - 1.5))
    assert measured.added_latency_percent == pytest.approx(100 * 0.05 / 1.5)


def test_without_a_single_client_there_is_no_added_latency() -> None:
    only_eight = result(turns(1, (1.0, [1.0])), [turns(8, (1.0, [1.0]))], 1, "cpu")

    assert only_eight.added_latency_ms is None


def test_the_table_shows_every_row(measured: Result) -> None:
    console = Console(width=120)
    with console.capture() as shown:
        console.print(table(measured))

    assert "mark on" in shown.get()
    assert shown.get().count("server") == 2
    assert "+50 ms (+3.3 %)" in shown.get()


def test_both_sides_draw_in_native_size_what_the_model_can_draw() -> None:
    one = wanted(3)

    assert family("embedded").native_size(one.size) == one.size
    assert wanted(4) != one
    assert wanted(3) == one
