"""After which denoising steps a picture on its way is shown. Pure; knows no dialect."""


def preview_steps(steps: int, count: int, every: int) -> tuple[int, ...]:
    """Return the steps, counted from 1: `count` of them spread evenly, or each `every`-th.

    The last step is never one of them, because the picture itself is there then. A drawing of few
    steps has fewer previews than asked for.
    """
    if count:
        spread = {round(steps * part / (count + 1)) for part in range(1, count + 1)}
        return tuple(sorted(spread - {0, steps}))
    return tuple(range(every, steps, every))
