"""`python -m benchmarks.gpu`: first the packages, then the measuring."""

import os
import sys
from importlib import import_module

from benchmarks.gpu import wheels


def main() -> int:
    """Nothing heavy is imported before the packages are there."""
    try:
        wheels.prepare("benchmarks.gpu", wheels.ENGINE, sys.argv[1:])
        # Its remarks on optional packages would drown the few lines that count.
        os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
        return int(import_module("benchmarks.gpu.command").main(sys.argv[1:]))
    except (wheels.Unprepared, ModuleNotFoundError) as error:
        sys.stderr.write(f"benchmarks.gpu: {error}\n")
        return 2
    finally:
        wheels.clean_up(os.environ)


if __name__ == "__main__":
    sys.exit(main())
