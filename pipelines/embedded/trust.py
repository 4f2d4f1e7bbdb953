"""How far the judge can be trusted: its calibration on true renders, and what it confuses."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from pipelines.embedded.cases import Case
from pipelines.embedded.judge import HEADS, Answer, shown
from pipelines.embedded.judge_training import calibration_error

Answers: TypeAlias = Sequence[dict[str, Answer]]
"""Of the judge, per picture and head."""
_MOST_CONFUSIONS = 8


@dataclass(frozen=True, slots=True)
class HeadReport:
    """One answer of the judge, on pictures that have one."""

    name: str
    right: float
    error: float
    """Expected calibration error on true renders."""
    sure_of_true: float
    sure_of_drawn: float
    """Mean probability it gives its own answers."""


def head_reports(drawn: Answers, true: Answers, asked: Sequence[Case]) -> list[HeadReport]:
    """One report a head."""
    truths = [shown(one.scene) for one in asked]
    reports = []
    for head in HEADS:
        rows = [index for index, truth in enumerate(truths) if truth[head] is not None]
        if not rows:
            continue
        answers, values = [true[i][head] for i in rows], [str(truths[i][head]) for i in rows]
        reports.append(
            HeadReport(
                name=head.replace("_", " "),
                right=float(np.mean([a.value == v for a, v in zip(answers, values, strict=True)])),
                error=calibration_error(answers, values),
                sure_of_true=float(np.mean([answer.probability for answer in answers])),
                sure_of_drawn=float(np.mean([drawn[i][head].probability for i in rows])),
            )
        )
    return reports


def confusions(answers: Answers, asked: Sequence[Case]) -> list[tuple[str, str, int]]:
    """What was drawn, what the judge took it for, how often; the most frequent first."""
    pairs = [
        (one.scene.main.subject, answer["subject"].value)
        for one, answer in zip(asked, answers, strict=True)
    ]
    counted = Counter(pair for pair in pairs if pair[0] != pair[1])
    return [(*pair, times) for pair, times in counted.most_common(_MOST_CONFUSIONS)]
