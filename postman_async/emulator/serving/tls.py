"""Certificates for an emulator with TLS: made at each start, trusted by its clients only."""

from __future__ import annotations

import ssl

from attrs import frozen

from postman_async.emulator.exceptions import EmulatorError

__all__ = ["Certificates", "make_certificates"]

_SERVICE = ("api.getpostman.com", "api.postman.com", "api.eu.postman.com")
_MISSING = 'TLS needs the package trustme: pip install "postman-async[emulator]"'


@frozen
class Certificates:
    """What both sides need.

    Attributes:
        server: the context of the server.
        client: a context for clients, which trusts this server and no other.
        authority: the certificate to trust, as PEM, for clients in other languages.
    """

    server: ssl.SSLContext
    client: ssl.SSLContext
    authority: bytes


def make_certificates(host: str) -> Certificates:
    """Make a certificate authority, and a certificate for this machine and a host.

    It is good for the service's own names too, since there are clients that call no others: a
    proxy, or the hosts file of a container, can bring them here.

    Raises:
        EmulatorError: the package that makes them is not installed.
    """
    try:
        import trustme
    except ModuleNotFoundError:
        raise EmulatorError(_MISSING) from None
    authority = trustme.CA()
    names = dict.fromkeys(["localhost", "127.0.0.1", "::1", host, *_SERVICE])
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(server)
    client = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    return Certificates(server, client, authority.cert_pem.bytes())
