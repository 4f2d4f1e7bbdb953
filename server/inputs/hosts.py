"""The hosts that an operator lists: names, domains, addresses and networks.

Pure; looks nothing up. Light, because the settings read it before anything else is loaded.
"""

import ipaddress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

IpAddress: TypeAlias = IPv4Address | IPv6Address
IpNetwork: TypeAlias = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Hosts:
    """Hosts that the operator opened, on any port: names, `*.` with a domain, and networks."""

    names: frozenset[str] = frozenset()
    domains: tuple[str, ...] = ()
    """Written with their leading dot."""
    networks: tuple[IpNetwork, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Hosts":
        """Read names, `*.domain`, addresses and networks, comma separated.

        Raises: ValueError: for anything else.
        """
        names, domains, networks = set[str](), list[str](), list[IpNetwork]()
        for part in filter(None, (part.strip().lower() for part in text.split(","))):
            try:
                networks.append(ipaddress.ip_network(part))
                continue
            except ValueError:
                label = part.removeprefix("*.")
            if not label or set(label) & set("*/:@ ") or label.replace(".", "").isdecimal():
                raise ValueError(f"'{part}' is neither a host, nor an address, nor a network")
            if part == label:
                names.add(part)
            else:
                domains.append("." + label)
        return cls(frozenset(names), tuple(domains), tuple(networks))

    def name(self, host: str) -> bool:
        """Whether the operator opened this host by its name."""
        host = host.lower().rstrip(".")
        return host in self.names or host.endswith(self.domains or ("\0",))

    def hold(self, address: IpAddress) -> bool:
        """Whether the operator opened this address."""
        return any(address in network for network in self.networks)
