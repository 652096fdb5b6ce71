"""Which hosts images may come from: any on the Internet; on this machine or a private network those that are named.

A task's data is whatever somebody wrote. With an address such as http://169.254.169.254/ it would have this machine
ask what only this machine can reach. So a name is resolved, its addresses are looked at, and the connection is made to
these very addresses: a name that means another address a moment later changes nothing. Each redirect is a connection
of its own, and looked at as the first one is.
"""

import socket
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from detector.system.addresses import is_public, plain

Place = tuple[str, int | None]  # a host in lower case, and its port; None is any
_PORTS = {"http": 80, "https": 443}


class PrivateHost(Exception):
    """An image lies on this machine or on a private network, and its host is not named."""


class Hosts:
    """Where connections may lead: to `own`, the address of the Label Studio server, and to `private`, `host[:port]`."""

    def __init__(self, own: str, private: Iterable[str]) -> None:
        self._places = {_port_of(httpx.URL(own)), *map(_place, private)}

    def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host.

        Raises OSError where it has none, InvalidURL where it can be no name, PrivateHost where one is not allowed.
        """
        if port >= 1 << 16:
            raise httpx.InvalidURL(f"{port} is no port")
        try:
            known = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
        except UnicodeError as error:
            raise httpx.InvalidURL(f"{host!r} is no host's name") from error
        addresses = list(dict.fromkeys(str(each[4][0]) for each in known))
        if self._is_named(host, port):
            return addresses
        for address in addresses:
            if not is_public(address) and not self._is_named(address, port):
                shown = host if host == address else f"{host} ({address})"
                raise PrivateHost(
                    f"{shown} is on this machine or on a private network; if images may come from there, add {host} to"
                    " pull.private_hosts"
                )
        return addresses

    def _is_named(self, host: str, port: int) -> bool:
        host = _written(host)
        return (host, port) in self._places or (host, None) in self._places

    def guard(self, http: httpx.Client) -> None:
        """From now on the client connects to nothing else, but by way of a proxy (see `look`)."""
        pool: Any = http._transport
        pool._pool._network_backend = _Guarded(self)  # httpx has no public way to give its pool one

    def look(self, http: httpx.Client, url: httpx.URL) -> None:
        """Raise PrivateHost for an address that a proxy of the environment would connect to for us.

        A name that only the proxy can resolve is the proxy's own to refuse.
        """
        if http._transport_for_url(url) is not http._transport:
            host, port = _port_of(url)
            try:
                self.addresses(host, port or 0)
            except OSError:
                return


class _Guarded(httpcore.SyncBackend):
    """Connects to hosts that are allowed, by the very addresses that were looked at."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *more: Any, **named: Any
    ) -> httpcore.NetworkStream:
        try:
            addresses = self._hosts.addresses(host, port)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        *others, last = addresses
        for address in others:
            try:
                return super().connect_tcp(address, port, timeout, *more, **named)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return super().connect_tcp(last, port, timeout, *more, **named)


def _place(named: str) -> Place:
    """`minio`, `10.0.0.7:9000`, `::1` or `[::1]:9000`."""
    try:
        return str(plain(named)), None
    except ValueError:
        url = httpx.URL(f"//{named}")
        return _written(url.raw_host.decode()), url.port


def _port_of(url: httpx.URL) -> Place:
    return _written(url.raw_host.decode()), url.port or _PORTS.get(url.scheme)


def _written(host: str) -> str:
    """A host as it is compared: an address in one form, a name in lower case and without the dot at its end."""
    try:
        return str(plain(host))
    except ValueError:
        return host.lower().rstrip(".")
