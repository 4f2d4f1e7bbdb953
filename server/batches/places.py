"""How many pictures of batches are drawn at once, and which row is next. Knows no batch.

Belongs to the event loop.
"""

import asyncio


class Places:
    """A number of places, one for each picture; rows get them in the order in which they ask."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._free = asyncio.Semaphore(total)
        self._turn = asyncio.Lock()

    async def take(self, wanted: int) -> int:
        """Take so many places, all there are at most, and return how many.

        Nobody takes any in between: of two rows that each have some none could go on.
        """
        count = min(max(wanted, 1), self._total)
        taken = 0
        async with self._turn:
            try:
                while taken < count:
                    await self._free.acquire()
                    taken += 1
            except BaseException:
                self.give_back(taken)
                raise
        return count

    def give_back(self, count: int) -> None:
        for _ in range(count):
            self._free.release()
