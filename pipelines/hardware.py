"""How much memory the device has that a worker will draw on, found out without torch.

Asks NVIDIA's own tool, which comes with every driver. Knows no tier and no model.
"""

import os
import subprocess
from collections.abc import Mapping

_TOOL = "nvidia-smi"
_ASK_S = 20.0
"""A driver that was not used for a while takes seconds to answer."""


def gpu_bytes(device: str, environment: Mapping[str, str] = os.environ) -> int | None:
    """Memory of the GPU that a `device` setting means; None where it means none or none answers.

    Units: bytes.
    """
    if device == "cpu":
        return None
    query = [_TOOL, "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    number = int(device.partition(":")[2] or 0)
    chosen = str(number) if visible is None else _nth(visible, number)
    if chosen is None:
        return None
    try:
        answer = subprocess.run(
            [*query, f"--id={chosen}"],
            capture_output=True,
            text=True,
            check=True,
            timeout=_ASK_S,
            env=dict(environment),
        ).stdout
        return int(answer.strip()) * 2**20
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def _nth(visible: str, number: int) -> str | None:
    """Which GPU of the machine is the nth that CUDA shows."""
    shown = [name.strip() for name in visible.split(",")]
    return shown[number] if number < len(shown) and shown[number] not in ("", "-1") else None
