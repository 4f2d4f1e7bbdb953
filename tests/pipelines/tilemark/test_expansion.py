"""What a key expands to is the same for ever: another outcome would orphan every marked picture."""

import hashlib

import numpy as np

from pipelines.tilemark import expansion

KEY = bytes(range(32))
ORDER = [5, 8, 6, 4, 0, 9, 3, 1, 2, 7]
BITS = [1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0]


def test_numbers_are_shake_256_of_length_key_and_purpose() -> None:
    seed = b"\0\0\0\0\0\0\0\x20" + KEY + b"purpose"
    digest = hashlib.shake_256(seed).digest(16)
    expected = [int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:], "big")]
    assert expansion.numbers(KEY, b"purpose", 2).tolist() == expected


def test_an_order_is_known_for_a_key() -> None:
    assert expansion.shuffled(KEY, b"order", 10).tolist() == ORDER


def test_an_order_holds_each_number_once() -> None:
    assert sorted(expansion.shuffled(KEY, b"order", 500)) == list(range(500))


def test_bits_are_known_for_a_key() -> None:
    assert expansion.bits(KEY, b"bits", 16).tolist() == BITS


def test_fractions_fill_the_unit_interval_evenly() -> None:
    fractions = expansion.uniform(KEY, b"even", 10_000)
    counts, _ = np.histogram(fractions, 10, (0, 1))
    assert counts.sum() == 10_000
    assert np.abs(counts - 1000).max() < 130


def test_purposes_and_keys_do_not_run_together() -> None:
    assert expansion.numbers(b"ab", b"c", 1) != expansion.numbers(b"a", b"bc", 1)


def test_a_derived_value_is_hmac_sha256() -> None:
    # Source: RFC 4231, test case 2.
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert expansion.derived(b"Jefe", b"what do ya want ", b"for nothing?").hex() == expected
