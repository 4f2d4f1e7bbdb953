"""A whole server over the torch-free drawer, in a process of its own: `... FOLDER ANSWERS`.

It marks, registers and answers so many pictures. The row of the next one is written too, which is
said on the standard output, and its answer never leaves: whoever started this may kill it there.
"""

import asyncio
import sys
from pathlib import Path

from server.provenance.archive import marks, seal_reader
from server.provenance.keys import read_or_make_keys
from server.provenance.policy import LabelPolicy
from server.provenance.publishing import Publishing
from server.provenance.registry import Record, Registry
from server.provenance.seal import SealSettings
from server.provenance.verifier import Verifier
from server.provenance.verifying import Examiner
from server.store.database import Database, claim, prepare
from tests.server.conftest import serving
from tests.server.drawer import Drawer


class HoldingRegistry(Registry):
    def __init__(self, database: Database, answers: int) -> None:
        super().__init__(database)
        self._answers = answers

    async def add(self, record: Record) -> None:
        await super().add(record)
        if self._answers == 0:
            say("written")
            await asyncio.Event().wait()
        self._answers -= 1


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(folder: Path, answers: int) -> None:
    claim(folder)
    prepare(folder)
    keys = read_or_make_keys(folder)
    registry = HoldingRegistry(Database(folder), answers)
    examiner = Examiner(marks(keys), seal_reader(SealSettings(folder)))
    verifier = Verifier(examiner, registry.find)
    publishing = Publishing(keys=keys, keeping=LabelPolicy())
    with serving(
        Drawer(), folder, verifier=verifier, publishing=publishing, registry=registry
    ) as site:
        say(site.url)
        sys.stdin.readline()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
