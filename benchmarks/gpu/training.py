"""`python -m benchmarks.gpu.training`: first the packages, then the training of the embedded model.

Takes what `python -m pipelines.embedded.train` takes. It is for a machine with a CUDA device and
without a network: packages that Python lacks come from wheels in the folder that WHEELS names.
"""

import os
import sys
from importlib import import_module

from benchmarks.gpu import wheels


def main() -> int:
    """Nothing heavy is imported before the packages are there, nor in processes that render."""
    try:
        wheels.prepare("benchmarks.gpu.training", wheels.TRAINING, sys.argv[1:])
        # Its remarks on optional packages would drown the few lines that count.
        os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
        return int(import_module("pipelines.embedded.train").main(sys.argv[1:]))
    except (wheels.Unprepared, ModuleNotFoundError) as error:
        sys.stderr.write(f"benchmarks.gpu.training: {error}\n")
        return 2
    finally:
        wheels.clean_up(os.environ)


if __name__ == "__main__":
    sys.exit(main())
