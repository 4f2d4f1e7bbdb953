"""The code mends what is wrong, and the tag tells a mark from chance."""

import hashlib

import numpy as np
import pytest

from pipelines.tilemark.convolution import Viterbi, coded_length, encode
from pipelines.tilemark.payload import Payload

KEY = bytes(range(32))
IDENT = 0x0123456789ABCDEF
CODED = "fdb73f2adf44a13d"


@pytest.fixture(scope="module")
def payload() -> Payload:
    return Payload(KEY)


def test_the_coded_bits_of_a_key_and_an_id_are_known(payload: Payload) -> None:
    bits = np.packbits(payload.signs(IDENT) < 0).tobytes()
    assert hashlib.sha256(bits).hexdigest()[:16] == CODED


def test_a_single_one_is_coded_as_the_generators_say() -> None:
    information = np.array([1], np.uint8)
    octal = [int("".join(map(str, row)), 2) for row in encode(information).reshape(9, 4).T]
    assert octal == [0o463, 0o535, 0o733, 0o745]


@pytest.mark.parametrize("ident", [0, 1, IDENT, 2**64 - 1])
def test_an_id_comes_back_from_its_signs(payload: Payload, ident: int) -> None:
    assert payload.ident(payload.signs(ident)) == ident


def test_an_id_comes_back_though_every_seventh_sign_is_wrong(payload: Payload) -> None:
    signs = payload.signs(IDENT)
    signs[np.random.default_rng(1).permutation(len(signs))[: len(signs) // 7]] *= -1
    assert payload.ident(signs) == IDENT


def test_an_id_comes_back_from_as_much_noise_as_sign(payload: Payload) -> None:
    chance = np.random.default_rng(2)
    signs = payload.signs(IDENT)
    noisy = [signs + chance.normal(0, 1, len(signs)).astype(np.float32) for _ in range(20)]
    assert sum(payload.ident(soft) == IDENT for soft in noisy) >= 19


def test_a_tag_of_another_key_does_not_fit(payload: Payload) -> None:
    assert Payload(bytes(32)).ident(payload.signs(IDENT)) is None


def test_a_short_tag_is_met_as_often_as_chance_says() -> None:
    payload = Payload(KEY, tag_bits=4)
    chance = np.random.default_rng(3)
    tries = 500
    met = sum(
        payload.ident(chance.normal(0, 1, payload.coded).astype(np.float32)) is not None
        for _ in range(tries)
    )
    expected = tries * payload.chance
    assert abs(met - expected) < 4 * np.sqrt(expected)


def test_the_decoder_finds_the_likeliest_of_all_bits() -> None:
    chance = np.random.default_rng(4)
    words = [np.array([word >> at & 1 for at in range(6)], np.uint8) for word in range(64)]
    codes = np.array([1.0 - 2.0 * encode(word) for word in words])
    viterbi = Viterbi()
    for _ in range(20):
        soft = chance.normal(0, 1, coded_length(6)).astype(np.float32)
        assert np.array_equal(viterbi.decode(soft), words[int((codes @ soft).argmax())])
