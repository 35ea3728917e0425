"""What a caller may set, for a whole client or for one call."""

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
        connect: getting a connection: name look-up, TCP and TLS.  Waiting for a free place in a
            session or connector of your own does not count.
        read: silence of the service: no byte for this long.  Not used for ``monitors.run``,
            whose answer comes when the run has ended.
        run: the deadline of one ``monitors.run`` call, from its first attempt to the end of the
            run: where the service answers earlier, the looks at the monitor count, too.  The
            wait for a place within the rate limits, before that, does not.
        call: the deadline of any other call where there is no ``total``, from its first attempt
            to its answer, retries and their waits included; 1 second more for each 100 kB that it
            sends.
        total: the whole call with its retries and waits, those for the rate limits too.  Off by
            default.

    """

    connect: float | None = field(default=10.0, validator=_seconds)
    read: float | None = field(default=60.0, validator=_seconds)
    run: float | None = field(default=1200.0, validator=_seconds)
    call: float | None = field(default=600.0, validator=_seconds)
    total: float | None = field(default=None, validator=_seconds)

    def altered(self, given: Timeout | float | None) -> Timeout:
        """Return what holds when these seconds (or times) are given instead; None lifts all."""
        if isinstance(given, Timeout):
            return given
        if given is None:
            return Timeout(connect=None, read=None, run=None, call=None)
        return evolve(self, total=given, run=None, call=None)


@frozen(kw_only=True)
class Retries:
    """When a call is sent again, and how long it waits before that.

    What may be retried at all is not an option but a safety rule, see
    `postman_async.engine.http.retry`.

    Args:
        attempts: how often a call is sent at most, the first time included.  1 turns retries off.
        backoff: seconds before the second attempt; doubled for each one after it, with jitter.
        max_backoff: seconds a wait of our own never exceeds.
        max_retry_after: seconds we are willing to wait when the service names a time; when it
            asks for more, or for more than an hour, the error is raised at once.

    """

    attempts: int = field(default=4, validator=[instance_of(int), ge(1)])
    backoff: float = field(default=0.5, validator=[instance_of((int, float)), ge(0)])
    max_backoff: float = field(default=30.0, validator=[instance_of((int, float)), ge(0)])
    max_retry_after: float = field(default=120.0, validator=[instance_of((int, float)), ge(0)])

    def altered(self, given: Retries | int) -> Retries:
        """Return what holds when this number of attempts is given instead."""
        return given if isinstance(given, Retries) else evolve(self, attempts=given)


@frozen(kw_only=True)
class RateLimitRule:
    """A limit to keep: at most so many calls may start in so many seconds.

    Args:
        calls: how many may start.
        seconds: in what time.
        bucket: which calls it counts: None for all of them, an `Operation.bucket` (``monitors``)
            or the name of one operation (``monitors.run``).

    """

    calls: int = field(validator=[instance_of(int), ge(1)])
    seconds: float = field(validator=_some_seconds)
    bucket: str | None = field(default=None, validator=optional(instance_of(str)))


class CallOptions(TypedDict, total=False):
    """The options that every method takes by keyword.

    Keys:
        timeout: a `Timeout`, or the seconds the whole call may take, retries included.
        extra_headers: headers to send besides our own.
        extra_query: query parameters to send besides those of the method.
        extra_body: keys to add to the JSON body, or to a form, that this version does not know.
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
        base_url: where the service is; default: ``POSTMAN_BASE_URL``, or else the region's host.
        region: ``us`` (default) or ``eu``, instead of a base URL.
        timeout: a `Timeout`, or the seconds a call may take, retries included.
        retries: a `Retries`, or the number of attempts.
        rate_limits: which limits the calls are paced by, before the service must refuse one.
            ``auto`` (default): the published ones on the service's own hosts, on any other what
            its headers tell; ``postman``: the published ones on any host; `RateLimitRule` objects:
            these; None: none.
        scim_api_key: the key of the SCIM operations; default: the environment variable
            ``POSTMAN_SCIM_API_KEY``.
        strict: raise `ResponseValidationError` where an answer drifts from the specification.
        max_answer: the bytes a 2xx answer may have once it is decompressed (256 MB); a larger one
            raises `AnswerTooLargeError` and is not read to its end.  None: no bound.
        session: a session to use; it is not closed.
        connector: a connector to use; it is not closed.
        proxy: the address of an HTTP proxy for all calls; refused with a plain-http base URL.
        ssl: an SSL context, or aiohttp's other values for it.
        trust_env: take proxies and netrc from the environment; not for a plain-http base URL.
        trace_configs: aiohttp's trace configurations; the key is hidden in what they can print.
        middlewares: aiohttp's client middlewares, each called for each attempt.
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
