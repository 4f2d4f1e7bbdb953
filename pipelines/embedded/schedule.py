"""How the learning rate and the averaging of weights go with the work done. Pure arithmetic."""


def learning_rate(
    done: float, step: int, *, warmup: int, hold: float = 0.5, floor: float = 0.02
) -> float:
    """Share of the top rate: a warm-up in steps, constant for `hold` of the work, then linear down.

    `done` is the share of the work that is behind us, 0 to 1.
    """
    rise = min(1.0, (step + 1) / warmup)
    left = (1 - min(1.0, done)) / (1 - hold)
    fall = min(1.0, floor + (1 - floor) * left)
    return rise * fall


def averaging(step: int, longest: float) -> float:
    """How much of the running average of the weights is kept at this step."""
    return min(longest, (step + 1) / (step + 20))
