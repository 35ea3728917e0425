"""The base URL and the API key, read and checked before anything is sent."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from typing import Any, SupportsIndex

from yarl import URL

from postman_async.errors import ConfigurationError

__all__ = ["Secret", "is_service", "read_base_url", "read_key", "read_scim_key"]

_REGIONS = {"us": "https://api.getpostman.com", "eu": "https://api.eu.postman.com"}
_HOSTS = frozenset({"api.getpostman.com", "api.postman.com", "api.eu.postman.com"})
_SHORT = 16


class Secret(str):
    """A key: a string whose repr hides it, in tracebacks with locals and dumps of headers.

    Its slices are secrets, too: tools that shorten long texts slice them before the repr.
    """

    __slots__ = ()

    @classmethod
    def of(cls, given: str | None) -> Secret | None:
        """Hide a key as soon as it is given, before anything can fail.

        Raises:
            ConfigurationError: the key is not a string.

        """
        if given is None:
            return None
        if not isinstance(given, str):
            raise ConfigurationError(f"api_key must be a string, not {type(given).__name__}")
        return cls(given)

    def __getitem__(self, key: SupportsIndex | slice[Any, Any, Any]) -> Secret:
        return Secret(super().__getitem__(key))

    def strip(self, chars: str | None = None, /) -> Secret:
        """Strip characters from both ends, as `str.strip` does."""
        return Secret(super().strip(chars))

    def __repr__(self) -> str:
        return "'***'"


def read_key(given: str | None, environment: Mapping[str, str] = os.environ) -> Secret:
    """Return the given key, or that of ``POSTMAN_API_KEY``.

    Raises:
        ConfigurationError: there is no key, or it cannot be a header; the message does not show it.

    """
    key = Secret(given if given is not None else environment.get("POSTMAN_API_KEY", "")).strip()
    given, environment = None, {}  # so that a traceback with locals shows neither
    if not key:
        raise ConfigurationError(
            "no API key: set the environment variable POSTMAN_API_KEY or give api_key="
        )
    return _secret(key, "the API key")


def read_scim_key(given: str | None, environment: Mapping[str, str] = os.environ) -> Secret | None:
    """Return the SCIM key that was given, or that of ``POSTMAN_SCIM_API_KEY``, or None.

    Raises:
        ConfigurationError: it cannot be a header; it is not in the message.

    """
    named = given if given is not None else environment.get("POSTMAN_SCIM_API_KEY", "")
    key = Secret(named).strip()
    given, named, environment = None, "", {}  # as in `read_key`
    return _secret(key, "the SCIM API key") if key else None


def _secret(key: Secret, name: str) -> Secret:
    if not re.fullmatch(r"[!-~]+", key):
        raise ConfigurationError(
            f"{name} contains a character that no key has (a space, a line break, a letter that"
            " is not ASCII); copy it again"
        )
    return key


def read_base_url(
    given: str | None, region: str | None, environment: Mapping[str, str] = os.environ
) -> str:
    """Return the address of the service, without a trailing slash.

    Raises:
        ConfigurationError: the key may not be sent to that address.

    """
    if given is not None and region is not None:
        raise ConfigurationError("give base_url or region, not both")
    if region is not None and region not in _REGIONS:
        given = repr(region) if len(region) <= _SHORT else "what was given"
        raise ConfigurationError(f"region must be one of {', '.join(_REGIONS)}, not {given}")
    own = environment.get("POSTMAN_BASE_URL") if region is None else None
    environment = {}  # it may contain the key
    return _checked(given or own or _REGIONS[region or "us"])


def is_service(base_url: str) -> bool:
    """Return whether an address is the service's own, where its published limits hold."""
    return URL(base_url).host in _HOSTS


def _checked(text: str) -> str:
    try:
        url = URL(text.strip())
        host = url.host  # decoded here; an invalid name may follow ``xn--``
    except ValueError:
        raise ConfigurationError("base_url is not a URL, or its host is not a name") from None
    if url.user is not None or url.password is not None:
        raise ConfigurationError("base_url must not hold a user or a password")
    if url.scheme not in {"http", "https"} or not host:
        raise ConfigurationError(
            "base_url must be like https://host: the given one has no http or https, or no host"
        )
    if url.query_string or url.fragment:
        raise ConfigurationError("base_url must not have a query or a fragment")
    if not _is_name(url.raw_host or ""):
        raise ConfigurationError(
            "base_url has an impossible host name: each of its labels must have 1 to 63 characters,"
            " and the whole at most 253"
        )
    if url.scheme == "http" and not _is_loopback(host):
        raise ConfigurationError(
            f"base_url must be https: over http the API key would cross the network to"
            f" {host} in the clear (http is only for this machine itself)"
        )
    return str(url).rstrip("/")


def _is_name(host: str) -> bool:
    """Return whether the labels of a host name have a permitted length (RFC 1035)."""
    name = host.removesuffix(".")
    return len(name) <= 253 and all(1 <= len(part) <= 63 for part in name.split("."))


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
