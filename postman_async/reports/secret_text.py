"""Finds secrets within a text, and replaces them.

`_KNOWN` holds the forms that services document of their keys; everything else is known by the
name that stands before it.  Scanners of files such as detect-secrets know more forms, but bring
an HTTP client and a YAML parser along and judge whole files, line by line.

All expressions take time in proportion to the text, whatever it is: repetitions that could fail
are possessive (``++``), and an expression that has looked at a run of characters either takes all
of it or is not tried within it again.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote_plus

__all__ = ["REDACTED", "is_secret_name", "redacted_text", "without_api_keys"]

REDACTED = "[redacted]"
"""Replaces a secret."""

# -- secrets that are known by their form --------------------------------------------------------

_API_KEY = re.compile(r"\bPMA[KT]-[\w-]*", re.IGNORECASE)
_WEB_TOKEN = re.compile(r"\beyJ[\w-]{4,}+(?P<rest>\.[\w-]++(?:\.[\w-]*+)?)?")

_KNOWN: tuple[tuple[tuple[str, ...], str], ...] = (
    # GitHub: personal, OAuth, user, server and refresh tokens; fine-grained ones.
    (("gh", "github_pat_"), r"(?<![A-Za-z0-9])(?:gh[pousr]|github_pat)_[A-Za-z0-9_]{10,}+"),
    # Stripe: secret and restricted keys; secrets of webhooks.  A pk_ is meant to be published.
    (("k_live_", "k_test_"), r"(?<![A-Za-z0-9])[rs]k_(?:live|test)_[A-Za-z0-9]{8,}+"),
    (("whsec_",), r"(?<![A-Za-z0-9])whsec_[A-Za-z0-9+/=]{8,}+"),
    # Slack: bot, user, app, refresh and older tokens.
    (("xox", "xapp-"), r"(?<![A-Za-z0-9])(?:xox[a-z](?:\.xox[a-z])?|xapp)-[\w-]{8,}+"),
    # AWS: ids of access keys, long-lived and temporary: twenty capitals and digits.
    (("akia", "asia"), r"(?<![A-Za-z0-9])A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])"),
    # GitLab, npm, Google, OpenAI and Anthropic.
    (("glpat-",), r"(?<![A-Za-z0-9])glpat-[\w-]{10,}+"),
    (("npm_",), r"(?<![A-Za-z0-9])npm_[A-Za-z0-9]{20,}+"),
    (("aiza",), r"(?<![A-Za-z0-9])AIza[\w-]{35}"),
    (("sk-",), r"(?<![\w-])sk-(?=[\w-]*\d)[\w-]{20,}+"),
    # Private keys, whole or cut off, of OpenSSL, OpenSSH and PGP; their lines may be escaped.
    (
        ("private key",),
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?s:.)*?"
        r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)",
    ),
)
"""The marks of a form, in lower case, without which a text is not searched; and the form."""

_FORMS = tuple((marks, re.compile(form)) for marks, form in _KNOWN)

# -- secrets that are known by what stands before them -------------------------------------------

_SECRET_NAME = re.compile(
    r"key(?:s|id)?(?![a-z])|token|secret|passw|passphrase|pwd|auth(?!or(?!i[sz]))|session|cookie"
    r"|credential|signature|\bsig\b|jwt|bearer|csrf|xsrf"
)
_SURELY_SECRET_NAME = re.compile(
    r"(?:api|access|private|secret|client)[-_. ]?key|token|secret|passw|passphrase|pwd"
    r"|credential|jwt"
)
"""Names after which a word is a secret.  "Auth: ok" and "Key: id" are names of tests."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_DEPTHS_OF_ENCODING = 3

_BEARER = re.compile(r"\b(bearer)(\s+|%20|\+)(?!\[redacted)[\w.~+/=%-]{6,}", re.IGNORECASE)
_BASIC = re.compile(r"\b((?i:basic))(\s+)(?=[A-Za-z0-9+/_-]*(?:[a-z][A-Z]|\d|=))[\w+/=-]{6,}")
_USERINFO = re.compile(r"(\w://)[^/\s?#]*@")
_USERINFO_ALONE = re.compile(r"^[^/\s:?#@]+:[^/\s@?#]+@(?=\S)")
_WHOLE_LINE = re.compile(
    r"""\b(?P<name>(?:proxy-)?authorization|(?:set-)?cookie|x-api-key)(?P<sign>["']?\s*:\s*)"""
    r"""(?P<value>"[^"]*"?|'[^']*'?|[^\r\n"']+)""",
    re.IGNORECASE,
)

_NAME = r"(?<![\w.%\[\]-])(?P<name>[\w.%\[\]-]++)"
_ASSIGNED = re.compile(rf"""{_NAME}["']?\s*(?:=(?!=)|:(?=\s*["']))\s*""")
_VALUE = re.compile(r"""\[redacted\]|"[^"]*"?|'[^']*'?|[^\s&"'<>#;,)}\]]+""")

# A colon alone is not enough: "Auth: login works" is the name of a test.
_LABELLED = re.compile(rf"""{_NAME}["']?[ \t]*:(?![:/])[ \t]*""")
_WORD = re.compile(r"""\[redacted\]|[^\s"'<>,;(){}\[\]|]+""")
_MAX_NAME = 200
"""Characters of a word that are read, however many names it holds: "key:key:key:…"."""

_PLAIN_WORD = re.compile(r"[A-Za-z][a-z]{0,30}\Z")
_COUNTED = ("tokens", "keys", "secrets", "sessions", "cookies", "credentials")
_CLAUSE_ENDS = re.compile(r"""[ \t]*(?:\Z|[\r\n"'<>,;)}\]|])""")
_STATES_OF_SECRETS = frozenset(
    {"valid", "invalid", "present", "absent", "missing", "required", "optional", "expired"}
    | {"revoked", "refreshed", "rotated", "accepted", "rejected", "refused", "ok", "empty"}
    | {"none", "null", "undefined", "true", "false", "string", "number", "object"}
    | {"passed", "failed", "skipped"}
)
"""Words that describe a secret, so they are not the secret."""

# The query of a URL that is itself the value of a parameter: "?back=%2F%3Ftoken%3Dabc%26page%3D2".
_PERCENT = r"%(?:25){0,2}"
_ENCODED = re.compile(
    rf"(?:(?<![\w.%\[\]-])|{_PERCENT}(?:3[BbDdFf]|26|23))"
    rf"(?P<name>(?:[\w.\[\]-]|(?!{_PERCENT}(?:3[BbDdFf]|26|23|2[Ff]))%[0-9A-Fa-f]{{2}})++)"
    rf"(?=(?P<sign>{_PERCENT}3[Dd]))"
)
_ENCODED_VALUE = re.compile(rf"""\[redacted\]|(?:[^\s&"'<>#;,)}}\]%]|(?!{_PERCENT}(?:26|23))%)++""")


def is_secret_name(name: str) -> bool:
    """Return whether a header, a query parameter or a variable of that name holds a secret."""
    return _holds(_SECRET_NAME, name)


def _holds(words: re.Pattern[str], name: str) -> bool:
    """Return whether a name holds one of the words; cached, unless the name is long."""
    search = _found if len(name) <= _MAX_NAME else _found.__wrapped__
    return search(words, name)


@functools.lru_cache(4096)
def _found(words: re.Pattern[str], name: str) -> bool:
    return words.search(_words(name)) is not None


def _words(name: str) -> str:
    """Split a name into words in lower case, after percent-decoding it several times."""
    for _ in range(_DEPTHS_OF_ENCODING):
        name = unquote_plus(name)
    return _CAMEL.sub("-", name).lower()


def without_api_keys(text: str) -> str:
    """Replace Postman's own keys within a text."""
    return _API_KEY.sub(REDACTED, text)


def redacted_text(text: str) -> str:
    """Replace everything in a text that looks like a secret."""
    lowered = text.lower()
    if _ANY_MARK.search(lowered) is None:
        return text
    for marks, rule in _RULES:
        if any(mark in lowered for mark in marks):
            text = rule(text)
    return text


def _known_forms(text: str) -> str:
    lowered = text.lower()
    for marks, form in _FORMS:
        if any(mark in lowered for mark in marks):
            text = form.sub(REDACTED, text)
    return text


def _web_tokens(text: str) -> str:
    return _WEB_TOKEN.sub(lambda found: REDACTED if found["rest"] else found[0], text)


def _users(text: str) -> str:
    return _USERINFO_ALONE.sub(f"{REDACTED}@", _USERINFO.sub(rf"\1{REDACTED}@", text))


def _whole_lines(text: str) -> str:
    return _WHOLE_LINE.sub(lambda found: f"{found['name']}{found['sign']}{_hidden(found)}", text)


def _encoded(text: str) -> str:
    return _cut_out(text, _values(text, _ENCODED, "sign", _ENCODED_VALUE))


def _assigned(text: str) -> str:
    return _cut_out(text, _values(text, _ASSIGNED, 0, _VALUE))


def _values(
    text: str, names: re.Pattern[str], sign: str | int, values: re.Pattern[str]
) -> Iterator[re.Match[str]]:
    """Find the values of secret names; the value of another name may hold a secret itself."""
    end = 0
    for found in names.finditer(text):
        if found.start() >= end and is_secret_name(found["name"]):
            value = values.match(text, found.end(sign))
            if value is not None:
                end = value.end()
                yield value


def _labelled(text: str) -> str:
    return _cut_out(text, _labelled_values(text))


def _labelled_values(text: str) -> Iterator[re.Match[str]]:
    """Find ``token: abc``, and leave "Token is present" and "Token: is present"."""
    end = 0
    for found in _LABELLED.finditer(text):
        if found.start() < end or not is_secret_name(found["name"]):
            continue
        word = _WORD.match(text, found.end(), found.end() + _MAX_NAME)
        if word is not None and _is_value(found["name"], word, text):
            value = _WORD.match(text, found.end()) or word
            end = value.end()
            yield value


def _is_value(name: str, word: re.Match[str], text: str) -> bool:
    """Return whether the word after a colon is a secret: it is alone, or not a plain word."""
    value = word[0].rstrip(".!?")
    if not value or value.lower() in _STATES_OF_SECRETS:
        return False
    if value.isdigit() and name.lower().endswith(_COUNTED):
        return False
    if not _holds(_SURELY_SECRET_NAME, name):
        return len(value) >= 12 and any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    alone = value != word[0] or _CLAUSE_ENDS.match(text, word.end()) is not None
    return alone or _PLAIN_WORD.match(value) is None


def _cut_out(text: str, values: Iterator[re.Match[str]]) -> str:
    """Replace values, but keep their quotes."""
    pieces, end = [], 0
    for value in values:
        pieces += [text[end : value.start()], _hidden(value)]
        end = value.end()
    return "".join([*pieces, text[end:]])


def _hidden(value: re.Match[str]) -> str:
    text = value["value"] if "value" in value.re.groupindex else value[0]
    quote = text[0] if text[0] in "\"'" else ""
    return f"{quote}{REDACTED}{quote}"


_RULES: tuple[tuple[tuple[str, ...], Callable[[str], str]], ...] = (
    (("pmak-", "pmat-"), without_api_keys),
    (("eyj",), _web_tokens),
    (tuple({mark for marks, _ in _KNOWN for mark in marks}), _known_forms),
    (("@",), _users),
    (("authorization", "cookie", "x-api-key"), _whole_lines),
    (("%3d", "%253d", "%25253d"), _encoded),
    (("=", ":"), _assigned),
    ((":",), _labelled),
    (("bearer",), lambda text: _BEARER.sub(rf"\1\2{REDACTED}", text)),
    (("basic",), lambda text: _BASIC.sub(rf"\1\2{REDACTED}", text)),
)
"""The rules, in their order, each with the marks without which it does not apply."""

_ANY_MARK = re.compile("|".join(re.escape(mark) for marks, _ in _RULES for mark in marks))
"""Most texts have none of these marks, so one search is enough for them."""
