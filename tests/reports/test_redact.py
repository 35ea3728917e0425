"""Redaction: a secret is gone wherever it stood, and nothing else is changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postman_async.reports.redact import REDACTED, is_secret_name, redacted, redacted_text
from tests.reports.support import execution, rendered, run
from tests.reports.support import outcome as made
from tests.support import KEY

SECRET = "s3cr3tValue9"
NAMES = [
    "Authorization",
    "Proxy-Authorization",
    "Cookie",
    "Set-Cookie",
    "X-Api-Key",
    "api_key",
    "apikey",
    "X-Key-Id",
    "accessToken",
    "X-Auth",
    "X-Amz-Signature",
    "X-Amz-Credential",
    "client_secret",
    "PASSWORD",
    "passwd",
    "sessionId",
    "PHPSESSION",
    "X-CSRF-Header",
    "%74oken",
]
HARMLESS = ["Accept", "Author", "Keep-Alive", "Content-Type", "keyword", "design", "page", "ETag"]

names = st.sampled_from(NAMES)
casings = st.sampled_from([str, str.lower, str.upper, str.title])
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("abcdefgh ", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abcdefgh", max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


@pytest.mark.parametrize("name", NAMES)
def test_names_of_secrets_are_known(name: str) -> None:
    assert is_secret_name(name)
    assert is_secret_name(name.lower()) or name == "X-Key-Id"


@pytest.mark.parametrize("name", HARMLESS)
def test_other_names_are_not_taken_for_secrets(name: str) -> None:
    assert not is_secret_name(name)
    assert redacted({"headers": {name: SECRET}}) == {"headers": {name: SECRET}}


@given(st.text(max_size=10), st.sampled_from(["token", "secret", "password", "session"]), casings)
def test_a_name_with_such_a_word_anywhere_is_secret(rest: str, word: str, casing: Any) -> None:
    assert is_secret_name(f"{rest}-{casing(word)}-{rest}")


def places(name: str) -> list[Any]:
    """Give data with the secret in each place that it can stand in under that name."""
    return [
        {"headers": {name: SECRET}},
        {"header": [{"key": name, "value": SECRET}]},
        {"deep": [{"Headers": {name: [SECRET, {"also": SECRET}]}}]},
        {"query": [{"name": name, "value": SECRET, "description": "x"}]},
        {"url": f"https://api.example.com/a?b=1&{name}={SECRET}&c=2#d"},
        {"url": f"api.example.com/a?{name}={SECRET}"},
        {"message": f"GET https://api.example.com/?{name}={SECRET} answered 500"},
        {"message": f'expected {{"{name}": "{SECRET}"}} to equal 1'},
        {f"has ?{name}={SECRET}": True},
        {"new": [{name: SECRET}]},
    ]


@given(names, casings)
def test_a_secret_under_such_a_name_is_gone(name: str, casing: Any) -> None:
    for data in places(casing(name) if "%" not in name else name):
        told = json.dumps(redacted(data))
        assert SECRET not in told
        assert REDACTED in told


@pytest.mark.parametrize(
    "text",
    [
        f"https://user:{SECRET}@example.com/a",
        f"https://{SECRET}@example.com",
        f"user:{SECRET}@example.com/a",
        f"the key PMAK-{SECRET}-{SECRET} is wrong",
        f"pmat-{SECRET}",
        f"expected 'Bearer {SECRET}' to equal 1",
        f"BEARER   {SECRET}==",
        f"sent Basic {SECRET}=",
        f"Authorization: {SECRET} and {SECRET}",
        f"Set-Cookie: a={SECRET}; b={SECRET}",
        f"x-api-key: {SECRET}",
        f"Cookie: '{SECRET}'",
        f"eyJhbGciOiJIUzI1.eyJzdWIi{SECRET}.{SECRET}",
        f"token={SECRET}",
        f"{{ authorization: 'Digest {SECRET}' }}",
    ],
)
def test_what_looks_like_a_secret_is_gone_from_any_text(text: str) -> None:
    assert SECRET not in redacted_text(text)
    assert redacted_text(redacted_text(text)) == redacted_text(text)


KEYS = [
    *(
        f"{kind}_a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2"
        for kind in ("ghp", "gho", "ghu", "ghs", "ghr")
    ),
    "github_pat_11ABCDEFG0abcdefghijkl_a1B2a1B2a1B2a1B2",
    *(f"{kind}_{of}_4eC39HqLyjWDarjtT1zdp7dc" for kind in ("sk", "rk") for of in ("live", "test")),
    "xoxb-123456789012-abcdefABCDEF",
    "xoxp-123456789012-abcdefABCDEF",
    "xoxe.xoxp-1-Mi0yLTEyMzQ1Njc4",
    "xapp-1-A0123456-789-abcdef",
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    "glpat-ABCdef123456_-xyz12",
    "PMAT-01HABCDEFGHJKMNPQRSTVWXYZ0",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\\nMIIEowIBAAKCAQEA\\n",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQOY\n-----END PGP PRIVATE KEY BLOCK-----",
]
"""Made-up keys, each of a form that its service documents."""


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_a_known_form_is_gone_wherever_it_stands(key: str) -> None:
    assert redacted_text(f"before {key}") == f"before {REDACTED}"
    for data in ({"x": [f"({key})"]}, {f"uses '{key}'": 1}, {"headers": {"X-Any": key}}):
        assert key not in str(redacted(data))
        assert REDACTED in str(redacted(data))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("token: abc", "token: [redacted]"),
        ("password: x", "password: [redacted]"),
        ("the password: hunter2 was refused", "the password: [redacted] was refused"),
        ("access token: abc, and more", "access token: [redacted], and more"),
        ("{client_secret: abc}", "{client_secret: [redacted]}"),
        ("api_key:abcdef", "api_key:[redacted]"),
        ("Session: 8f3ab2c91d77e0", "Session: [redacted]"),
        ("?%61pi%5Fkey=abc&b=1", "?%61pi%5Fkey=[redacted]&b=1"),
        ("?%2574oken=abc", "?%2574oken=[redacted]"),
        ("?x%5Btoken%5D=abc", "?x%5Btoken%5D=[redacted]"),
        ("?to=%2F%3Ftoken%3Dabc%26page%3D2", "?to=%2F%3Ftoken%3D[redacted]%26page%3D2"),
        ("?to=%252F%253Ftoken%253Dabc%2526p", "?to=%252F%253Ftoken%253D[redacted]%2526p"),
        ("url=https://x.com/?token=abc", "url=https://x.com/?token=[redacted]"),
        ('message="x?token=abc&b=1"', 'message="x?token=[redacted]&b=1"'),
    ],
)
def test_a_value_is_gone_and_what_is_around_it_stays(text: str, told: str) -> None:
    assert redacted_text(text) == told
    assert redacted_text(told) == told


@given(st.lists(st.sampled_from([*KEYS, *NAMES, "=", ": ", "%3D", "&", "?", '"', "'", " ", "a"])))
def test_redaction_is_done_at_once(pieces: list[str]) -> None:
    """What is redacted has nothing to redact, and no key is left of it."""
    once = redacted_text(" ".join(pieces))
    assert redacted_text(once) == once
    assert not any(key in once for key in KEYS)


@pytest.mark.parametrize(
    "text",
    [
        "Token: is present",
        "Token: valid",
        "Tokens: 15",
        "secret: none",
        "Password: must be 8 characters",
        "Key: id",
        "Auth: 401",
        "risk-assessment-of-many-things",
        "urn:isbn:0451450523",
        "Auth: login works",
        "Token is present",
        "Session: created within 200 ms",
        "expected response to have status code 200 but got 500",
        "Basic checks of the shop",
        "key == value",
        "https://example.com/search?keyword=shoes&page=2",
        "mail someone@example.com",
        "12:30:45",
        "connect ECONNREFUSED 127.0.0.1:9",
    ],
)
def test_what_tests_are_called_and_say_stays_readable(text: str) -> None:
    assert redacted_text(text) == text


@given(plain)
def test_data_without_secrets_is_copied_as_it_is(data: Any) -> None:
    assert redacted(data) == data
    assert redacted(data, keep_headers=True) == data


@given(st.lists(names, max_size=3), plain)
def test_what_is_redacted_has_the_same_shape_and_stays_so(found: list[str], data: Any) -> None:
    whole = {"headers": dict.fromkeys(found, SECRET), "data": data, "list": places("token")}
    once = redacted(whole)
    assert redacted(once) == once
    assert list(once) == list(whole)
    assert once["headers"].keys() == whole["headers"].keys()


def test_assertions_that_become_alike_stay_apart() -> None:
    """Else a failure could vanish behind a success."""
    data = {"assertions": {"takes token=abc": False, "takes token=def": True}}
    told = redacted(data)["assertions"]
    assert list(told.values()) == [False, True]
    assert all("abc" not in name and "def" not in name for name in told)


def test_the_results_of_assertions_are_no_secrets() -> None:
    """Whatever their names are: a failure must not become something else."""
    data = {"assertions": {"token is set": "failed"}, "assertion": [{"session": "passed"}]}
    assert redacted(data) == data


def test_absent_and_odd_values_stay_what_they_are() -> None:
    data = {"headers": {"Authorization": None, "Accept": 3}, "header": "none", "x": {"value": 1}}
    assert redacted(data) == data
    assert redacted([float("nan"), float("-inf"), (1, 2)]) == ["nan", "-inf", [1, 2]]


def test_headers_are_kept_on_demand_but_never_an_api_key() -> None:
    data = {
        "headers": {"Authorization": f"Bearer {SECRET}", "X-Api-Key": KEY, "List": [SECRET, KEY]},
        "url": f"https://example.com/?token={SECRET}",
    }
    told = redacted(data, keep_headers=True)
    assert told["headers"]["Authorization"] == f"Bearer {SECRET}"
    assert SECRET not in told["url"]
    assert KEY not in json.dumps(told)


@pytest.mark.parametrize("format", ["junit", "html", "markdown", "json", "jsonl"])
def test_no_format_tells_a_secret_unless_it_is_asked_to(format: Any) -> None:
    sent = execution(assertions={f"key is {KEY}": False})
    outcomes = [made("failed", run("failed", sent))]
    assert "t0p" not in rendered(outcomes, format)
    assert KEY not in rendered(outcomes, format, keep_headers=True)
    if format in ("html", "json", "jsonl"):
        assert "Bearer t0psecret" in rendered(outcomes, format, keep_headers=True)
