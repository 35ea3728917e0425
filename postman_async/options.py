"""The options of a client and of a single call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from attrs import Attribute, evolve, field, frozen
from attrs.validators import and_, ge, gt, instance_of, optional

if TYPE_CHECKING:
    import ssl as ssl_module

    import aiohttp
    from yarl import URL

__all__ = ["CallOptions", "ClientOptions", "RateLimitRule", "Retries", "Timeout"]


def _seconds(_: Any, attribute: Attribute[Any], value: Any) -> None:
    optional(and_(instance_of((int, float)), ge(0)))(None, attribute, value)


def _some_seconds(_: Any, attribute: Attribute[Any], value: Any) -> None:
    _seconds(None, attribute, value)
    gt(0)(None, attribute, value)


@frozen(kw_only=True)
class Timeout:
    """How long the parts of one attempt may take, in seconds; ``None`` means no limit.

    Args:
        connect: making a connection: name look-up, TCP and TLS.  The wait for a free connection in
            the pool of your own session or connector does not count.
        read: silence of the service: no byte for so long.  Not used for ``monitors.run``, whose
            answer comes when the run has ended.
        run: the deadline of a ``monitors.run`` call, from its first attempt to the end of the run,
            including the polling if the service answers earlier.  The wait for the rate limits
            before the first attempt does not count.
        call: the deadline of any other call without a ``total``, from its first attempt to its
            answer, including retries and their waits; 1 second more for each 100 kB of the body.
        total: the deadline of the whole call, including retries and all waits, those for the rate
            limits, too.  None by default.

    """

    connect: float | None = field(default=10.0, validator=_seconds)
    read: float | None = field(default=60.0, validator=_seconds)
    run: float | None = field(default=1200.0, validator=_seconds)
    call: float | None = field(default=600.0, validator=_seconds)
    total: float | None = field(default=None, validator=_seconds)

    def altered(self, given: Timeout | float | None) -> Timeout:
        """Return the timeout for an override: a `Timeout`, seconds in total, or None (no limit)."""
        if isinstance(given, Timeout):
            return given
        if given is None:
            return Timeout(connect=None, read=None, run=None, call=None)
        return evolve(self, total=given, run=None, call=None)


@frozen(kw_only=True)
class Retries:
    """How often a call is sent, and how long it waits before each retry.

    Which failures are retried is not an option but a safety rule, see
    `postman_async.engine.http.retry`.

    Args:
        attempts: how often a call is sent at most, including the first time.  1 turns retries off.
        backoff: seconds before the second attempt; doubled for each later one, with jitter.
        max_backoff: the longest such wait, in seconds.
        max_retry_after: the longest wait that the service may ask for, in seconds; if it asks for
            a longer one, or for more than an hour, the error is raised at once.

    """

    attempts: int = field(default=4, validator=[instance_of(int), ge(1)])
    backoff: float = field(default=0.5, validator=[instance_of((int, float)), ge(0)])
    max_backoff: float = field(default=30.0, validator=[instance_of((int, float)), ge(0)])
    max_retry_after: float = field(default=120.0, validator=[instance_of((int, float)), ge(0)])

    def altered(self, given: Retries | int) -> Retries:
        """Return the retries with an override: a `Retries`, or the number of attempts."""
        return given if isinstance(given, Retries) else evolve(self, attempts=given)


@frozen(kw_only=True)
class RateLimitRule:
    """A limit to keep: at most so many calls may start in so many seconds.

    Args:
        calls: how many calls may start in the window.
        seconds: the length of the window.
        bucket: which calls are counted: None for all of them, an `Operation.bucket` (``monitors``)
            or the id of one operation (``monitors.run``).

    """

    calls: int = field(validator=[instance_of(int), ge(1)])
    seconds: float = field(validator=_some_seconds)
    bucket: str | None = field(default=None, validator=optional(instance_of(str)))


class CallOptions(TypedDict, total=False):
    """The options that every method takes by keyword.

    Keys:
        timeout: a `Timeout`, the seconds for the call including retries, or None for no limit.
        extra_headers: headers to send, too; not ``X-Api-Key``.
        extra_query: query parameters to send, too.
        extra_body: keys to add to the JSON body or the form, which this version does not know.
        retries: a `Retries`, or the number of attempts.
    """

    timeout: Timeout | float | None
    extra_headers: Mapping[str, str]
    extra_query: Mapping[str, str]
    extra_body: Mapping[str, Any]
    retries: Retries | int


class ClientOptions(TypedDict, total=False):
    """The options of a client besides its key, the same for `AsyncPostman` and `Postman`.

    Keys:
        base_url: the address of the service; default: ``POSTMAN_BASE_URL``, else the region's.
        region: ``us`` (default) or ``eu``; not together with a base URL.
        timeout: a `Timeout`, the seconds for a call including retries, or None for no limit.
        retries: a `Retries`, or the number of attempts.
        rate_limits: the limits that pace the calls.  ``auto`` (default): the published limits on
            the service's own hosts, on any other host those that its headers state; ``postman``:
            the published limits on any host; one or more `RateLimitRule` objects; None: no limits.
        scim_api_key: the key of the SCIM operations; default: the environment variable
            ``POSTMAN_SCIM_API_KEY``.
        strict: raise `ResponseValidationError` if an answer drifts from the specification.
        max_answer: the most bytes of a 2xx answer, decompressed (256 MB); a larger one raises
            `AnswerTooLargeError` and is not read to its end.  None: no limit.
        session: an aiohttp session to use; the client does not close it.
        connector: an aiohttp connector to use; the client does not close it.
        proxy: the address of an HTTP proxy for all calls; refused with a plain-http base URL.
        ssl: an SSL context, or aiohttp's other values for it.
        trust_env: take proxies and netrc from the environment; not for a plain-http base URL.
        trace_configs: aiohttp's trace configurations; the key is hidden from them.
        middlewares: aiohttp's client middlewares, called for every attempt.
    """

    base_url: str | None
    region: Literal["us", "eu"] | None
    timeout: Timeout | float | None
    retries: Retries | int
    rate_limits: Literal["auto", "postman"] | Sequence[RateLimitRule] | None
    scim_api_key: str | None
    strict: bool
    max_answer: int | None
    session: aiohttp.ClientSession | None
    connector: aiohttp.BaseConnector | None
    proxy: str | URL | None
    ssl: ssl_module.SSLContext | aiohttp.Fingerprint | bool | None
    trust_env: bool
    trace_configs: Sequence[aiohttp.TraceConfig]
    middlewares: Sequence[aiohttp.ClientMiddlewareType]
