"""A whole server over the torch-free drawer, in a process of its own: `... FOLDER GATE`.

Pictures whose prompt begins with "later" are drawn only once the file GATE exists, so that whoever
started this knows where it stands when it is killed.
"""

import sys
import threading
from pathlib import Path

from pipelines.types import ImageRequest, Pixels
from server.batches.office import BatchSettings
from server.store.database import claim, prepare
from tests.server.conftest import serving
from tests.server.drawer import Drawer, Script


class GatedDrawer(Drawer):
    def __init__(self, gate: threading.Event) -> None:
        super().__init__()
        self._gate = gate

    def _draw(self, request: ImageRequest, script: Script, on_progress: object) -> Pixels:
        if request.prompt.startswith("later"):
            self._gate.wait()
        return super()._draw(request, script, on_progress)  # type: ignore[arg-type]


def main(folder: Path, is_open: bool) -> None:
    lock = claim(folder)
    prepare(folder)
    gate = threading.Event()
    if is_open:
        gate.set()
    drawer = GatedDrawer(gate)
    with serving(drawer, folder, batches=BatchSettings(folder, rows_at_once=4)) as site:
        sys.stdout.write(f"{site.url}\n")
        sys.stdout.flush()
        sys.stdin.readline()
    sys.stdout.write("rows were given back\n")
    sys.stdout.flush()
    gate.set()
    drawer.close()
    lock.release()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] == "open")
