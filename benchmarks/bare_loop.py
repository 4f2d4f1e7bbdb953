"""A bare `pipe()` loop in its own process: what `benchmarks.serve` compares the server with.

It reads a number of pictures per line on standard input, draws them one after another with the
stock pipeline, and answers with one JSON list of seconds per picture.

    echo 4 | python -m benchmarks.bare_loop --threads 2
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable

import torch

from benchmarks.workload import wanted
from pipelines.catalog import EMBEDDED
from pipelines.families import family
from pipelines.load import load_pipeline, pick_device


def drawer(device_name: str) -> Callable[[int], None]:
    """Load the default stand-in and return what draws its picture of a number."""
    stand_in = EMBEDDED
    device = pick_device(device_name)
    pipe = load_pipeline(stand_in.folder, device)
    arguments = family(stand_in.family).arguments

    def draw(number: int) -> None:
        request = wanted(number)
        generator = torch.Generator("cpu").manual_seed(request.seed)
        pipe(generator=generator, **arguments(request))

    return draw


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    draw = drawer(options.device)
    draw(0)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        seconds = []
        for number in range(int(line)):
            began_s = time.perf_counter()
            draw(number)
            seconds.append(time.perf_counter() - began_s)
        sys.stdout.write(json.dumps(seconds) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
