"""Fetches the bytes behind an address that a caller named, within limits.

Bounded in time, bytes and redirects. Which hosts may be asked is the network guard's business, what
the bytes are the decoder's.
"""

import asyncio
import ssl
from dataclasses import dataclass
from functools import cached_property

import httpx2

from server.errors import BadImageAddress, ImageTooLarge
from server.inputs.network_guard import ForbiddenAddress, GuardedTransport, NetworkGuard

_MAX_REDIRECTS = 3
_HEADERS = {
    "user-agent": "seedbed",
    "accept": "image/*",
    # A compressed answer could be small on the wire and endless in memory.
    "accept-encoding": "identity",
}


@dataclass(frozen=True)
class Fetcher:
    """Fetches over http and https. Holds no connection between two calls."""

    guard: NetworkGuard
    timeout_s: float = 20.0
    """For one picture, redirects included."""

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """Whose certificates are trusted. Reading them takes a while, so it is done once."""
        return httpx2.create_ssl_context()

    async def fetch(self, url: str, param: str, max_bytes: int) -> bytes:
        """Return the body behind the address.

        Raises: BadImageAddress, ImageTooLarge: naming the parameter.
        """
        try:
            async with asyncio.timeout(self.timeout_s):
                return await self._fetch(url, param, max_bytes)
        except ForbiddenAddress as error:
            raise BadImageAddress(f"The address is not fetched: {error}.", param) from None
        except httpx2.InvalidURL:
            raise BadImageAddress("It is not an address.", param) from None
        except httpx2.TooManyRedirects:
            raise BadImageAddress("The address redirects too often.", param) from None
        except TimeoutError:
            raise BadImageAddress(
                f"The picture did not arrive within {self.timeout_s:g} seconds.", param
            ) from None
        except httpx2.HTTPError:
            raise BadImageAddress("The picture could not be fetched.", param) from None

    async def _fetch(self, url: str, param: str, max_bytes: int) -> bytes:
        # trust_env: a proxy from the environment would connect for us, unguarded.
        tls = await asyncio.to_thread(lambda: self.tls)
        inner = httpx2.AsyncHTTPTransport(verify=tls, trust_env=False)
        async with (
            httpx2.AsyncClient(
                transport=GuardedTransport(self.guard, inner),
                headers=_HEADERS,
                timeout=self.timeout_s,
                follow_redirects=True,
                max_redirects=_MAX_REDIRECTS,
                trust_env=False,
            ) as client,
            client.stream("GET", url) as answer,
        ):
            if answer.status_code != httpx2.codes.OK:
                raise BadImageAddress(
                    f"The address answered with status {answer.status_code}.", param
                )
            return await _read(answer, param, max_bytes)


async def _read(answer: httpx2.Response, param: str, max_bytes: int) -> bytes:
    data = bytearray()
    async for chunk in answer.aiter_raw():
        data += chunk
        if len(data) > max_bytes:
            raise ImageTooLarge(max_bytes, param)
    return bytes(data)
