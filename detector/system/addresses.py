"""Which addresses are on the Internet, and which are on this machine or its own network alone."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in its last 32 bits


def is_public(address: str) -> bool:
    """Whether an address is on the Internet: not loopback, link-local, private, reserved, or for many (multicast)."""
    known = plain(address)
    return known.is_global and not known.is_multicast and not getattr(known, "is_site_local", False)


def plain(address: str) -> Address:
    """The address itself: an IPv4 address that is written as an IPv6 address is the former. Raises ValueError."""
    known = ipaddress.ip_address(address)
    if isinstance(known, ipaddress.IPv4Address):
        return known
    within = known.ipv4_mapped or known.sixtofour
    if within is None and known in _NAT64:
        within = ipaddress.IPv4Address(int(known) & 0xFFFFFFFF)
    return within or known
