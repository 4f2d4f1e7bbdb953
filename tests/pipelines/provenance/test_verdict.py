"""The table of verdicts: what each constellation of layers is called, and what a script is told."""

from itertools import product

import pytest

from pipelines.provenance.verdict import Evidence, judge

A, B = 0x192AF6E44A817C0E, 0x0BADCAFE0BADCAFE
ONE, OTHER = frozenset({A}), frozenset({B})

GENERATED = "ai_generated_by_this_server"
CLAIMS = "claims_ai_generated"


@pytest.mark.parametrize(
    ("evidence", "answer", "exit_status"),
    [
        pytest.param(Evidence(), "no_mark_found", 1, id="nothing"),
        pytest.param(Evidence(claimed=True), CLAIMS, 1, id="a bare label"),
        pytest.param(Evidence(claimed=True, said=ONE), CLAIMS, 1, id="a label with an id"),
        pytest.param(
            Evidence(claimed=True, said=ONE, likeness="same"), CLAIMS, 1, id="a fitting label"
        ),
        pytest.param(
            Evidence(credentials="valid", claimed=True), CLAIMS, 1, id="foreign credentials"
        ),
        pytest.param(Evidence(mark=A), GENERATED, 0, id="the mark alone"),
        pytest.param(Evidence(mark=A, likeness="same"), GENERATED, 0, id="mark and registry"),
        pytest.param(
            Evidence(credentials="trusted", bound=ONE), GENERATED, 0, id="credentials alone"
        ),
        pytest.param(Evidence(published=A), GENERATED, 0, id="a known file"),
        pytest.param(
            Evidence(A, "trusted", ONE, ONE, True, A, "same"), GENERATED, 0, id="every layer"
        ),
        pytest.param(
            Evidence(mark=A, credentials="invalid", bound=ONE), GENERATED, 2, id="edited, marked"
        ),
        pytest.param(Evidence(credentials="invalid"), "conflict", 2, id="tampered credentials"),
        pytest.param(
            Evidence(credentials="invalid", claimed=True, said=ONE),
            "conflict",
            2,
            id="tampered credentials beside a label",
        ),
        pytest.param(Evidence(mark=A, said=OTHER), "conflict", 2, id="a swapped label"),
        pytest.param(Evidence(said=ONE | OTHER), "conflict", 2, id="two labels"),
        pytest.param(
            Evidence(mark=A, credentials="valid", bound=OTHER), "conflict", 2, id="a swapped seal"
        ),
        pytest.param(
            Evidence(published=A, mark=B), "conflict", 2, id="a known file with a foreign mark"
        ),
        pytest.param(Evidence(mark=A, likeness="unlike"), "conflict", 2, id="a copied mark"),
        pytest.param(
            Evidence(A, "trusted", ONE, ONE, True, None, "unlike"),
            "conflict",
            2,
            id="credentials do not excuse a copied mark",
        ),
    ],
)
def test_each_constellation_has_its_answer(
    evidence: Evidence, answer: str, exit_status: int
) -> None:
    verdict = judge(evidence)
    assert (verdict.answer, verdict.exit_status) == (answer, exit_status)
    assert verdict.reasons


def test_ids_agree_only_where_two_layers_name_one() -> None:
    assert judge(Evidence(mark=A)).ids_agree is None
    assert judge(Evidence(mark=A, said=ONE)).ids_agree is True
    assert judge(Evidence(mark=A, said=OTHER)).ids_agree is False


def test_the_sealed_id_outweighs_the_mark_and_a_known_file_outweighs_both() -> None:
    swapped = Evidence(mark=B, credentials="trusted", bound=ONE)
    assert judge(swapped).id == A
    assert judge(Evidence(credentials="trusted", said=ONE)).id == A
    assert judge(Evidence(mark=B, credentials="valid", bound=ONE)).id == B
    assert judge(Evidence(mark=B, credentials="trusted", bound=ONE, published=B)).id == B


def test_a_claimed_id_is_told_but_proves_nothing() -> None:
    verdict = judge(Evidence(claimed=True, said=ONE))
    assert (verdict.id, verdict.answer) == (A, CLAIMS)


def test_nothing_found_is_never_called_not_ai() -> None:
    (reason,) = judge(Evidence()).reasons
    assert "does not mean" in reason


def test_no_constellation_without_own_evidence_is_called_ours() -> None:
    ids = (frozenset[int](), ONE, OTHER, ONE | OTHER)
    for seal, bound, said, claimed, like in product(
        ("valid", "invalid", "absent"), ids, ids, (False, True), ("same", "unlike", "unknown")
    ):
        verdict = judge(Evidence(None, seal, bound, said, claimed, None, like))  # type: ignore[arg-type]
        assert verdict.answer != GENERATED
        assert verdict.exit_status != 0
