"""Decides which hosts this server may connect to when a caller names an address.

A caller must never reach through us what they cannot reach themselves: this machine, its network,
a cloud's metadata. Rule: the address that was checked is the address that is connected to, for
the first connection and for every redirect. Knows no picture.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import TypeAlias

import httpx2

from server.inputs.hosts import Hosts, IpAddress

Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to addresses; raises OSError when there are none."""

_PUBLIC_PORTS = frozenset({80, 443, 8080, 8443})
"""Where web servers listen. Other services of the internet are not for a caller to prod."""
_DEFAULT_PORT = {"http": 80, "https": 443}
_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_V6 = IPv6Network("2000::/3")
"""All that has been given out; what lies outside is local by an older rule, or nobody's."""


class ForbiddenAddress(Exception):
    """This server does not connect there. The message is safe to show to a caller."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver. Raises: OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


@dataclass(frozen=True, slots=True)
class NetworkGuard:
    """The policy: public web servers if `public`, and whatever the operator opened."""

    public: bool = True
    opened: Hosts = field(default_factory=Hosts)
    resolver: Resolver = resolve

    async def address_for(self, url: httpx2.URL) -> str:
        """Return the one address that may be connected to for this URL.

        Raises: ForbiddenAddress: it must not be, or the host has none.
        """
        port = url.port or _DEFAULT_PORT.get(url.scheme)
        if port is None or not url.host:
            raise ForbiddenAddress("only http and https addresses are fetched")
        if url.userinfo:
            raise ForbiddenAddress("an address with a user name or password is not fetched")
        try:
            found = await self.resolver(url.host, port)
            addresses = [ipaddress.ip_address(text) for text in found]
        except (OSError, UnicodeError, ValueError):
            raise ForbiddenAddress("its host is not known") from None
        if not addresses:
            raise ForbiddenAddress("its host is not known")
        named = self.opened.name(url.host)
        for address in addresses:
            self._check(address, port, named)
        return str(addresses[0])

    def _check(self, address: IpAddress, port: int, named: bool) -> None:
        plain = _unwrapped(address)
        if self.opened.hold(plain):
            return
        if named and not plain.is_link_local:
            return
        if not self.public:
            raise ForbiddenAddress("this server fetches only from hosts its operator has listed")
        given_out = plain in _GLOBAL_V6 if isinstance(plain, IPv6Address) else True
        if not plain.is_global or plain.is_multicast or not given_out:
            raise ForbiddenAddress("its host is not on the public internet")
        if port not in _PUBLIC_PORTS:
            raise ForbiddenAddress(f"port {port} is not one of a web server")


def _unwrapped(address: IpAddress) -> IpAddress:
    """The IPv4 address inside an IPv6 one, where there is one: it is where the packets go."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Connects to the address that the guard has checked, and to no other."""

    def __init__(self, guard: NetworkGuard, inner: httpx2.AsyncBaseTransport) -> None:
        self._guard = guard
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raises: ForbiddenAddress, httpx2.TransportError."""
        address = await self._guard.address_for(request.url)
        # The certificate is still checked against the name, and the server is told the name.
        pinned = httpx2.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,
            extensions={**request.extensions, "sni_hostname": request.url.host},
        )
        return await self._inner.handle_async_request(pinned)

    async def aclose(self) -> None:
        await self._inner.aclose()
