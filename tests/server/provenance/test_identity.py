"""The id of a picture: the same for the same call, another for any other, told by nobody else."""

import numpy as np

from server.provenance.identity import identify, written

KEY = bytes(32)
PIXELS = np.arange(8 * 6 * 3, dtype=np.uint8).reshape(8, 6, 3)


def test_the_same_call_has_the_same_id_and_any_other_has_another() -> None:
    first = identify(KEY, "client", "said", PIXELS)
    assert identify(KEY, "client", "said", PIXELS.copy()) == first
    other = PIXELS.copy()
    other[0, 0, 0] ^= 1
    others = {
        identify(bytes([1] * 32), "client", "said", PIXELS),
        identify(KEY, "another", "said", PIXELS),
        identify(KEY, "client", "another", PIXELS),
        identify(KEY, "client", "said", other),
    }
    assert len(others | {first}) == 5


def test_what_is_cut_elsewhere_is_another_call() -> None:
    assert identify(KEY, "ab", "c", PIXELS) != identify(KEY, "a", "bc", PIXELS)
    assert identify(KEY, "c", "s", PIXELS) != identify(KEY, "c", "s", PIXELS.reshape(6, 8, 3))


def test_pixels_count_as_they_are_seen_however_they_lie_in_memory() -> None:
    mirrored = PIXELS[:, ::-1]
    assert identify(KEY, "c", "s", mirrored) == identify(KEY, "c", "s", mirrored.copy())


def test_words_that_no_file_could_hold_have_an_id_too() -> None:
    assert identify(KEY, "c", "\ud800", PIXELS) != identify(KEY, "c", "\ud801", PIXELS)


def test_an_id_has_sixteen_digits_and_all_of_its_bits_are_used() -> None:
    assert written(0xAB) == "00000000000000ab"
    ids = [identify(KEY, "c", str(number), PIXELS) for number in range(64)]
    assert all(0 < sum(one >> bit & 1 for one in ids) < 64 for bit in range(64))
