"""The fast libraries and the standard one read and write the same, errors included."""

from __future__ import annotations

import datetime
import enum
import json
import sys
import uuid
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest
from attrs import define
from hypothesis import given
from hypothesis import strategies as st

from postman_async.engine.data import codec
from postman_async.engine.data.codec import dumps, loads
from postman_async.extensions.model import Model
from postman_async.unset import UNSET


@define(kw_only=True, repr=False, eq=False)
class Part(Model):
    name: str | None = None
    inner: Part | None = None
    many: list[Part] | None = None


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


def without_libraries(act: Callable[[], Any]) -> Any:
    """Do it as if neither library were installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec, "_fast_reader", lambda: None)
        patch.setattr(codec, "_fast_writer", lambda: None)
        return act()


def outcome(act: Callable[[], Any]) -> tuple[str, str]:
    """Tell 1, 1.0 and True apart, and the order of keys; of an error, its class and words."""
    try:
        made = act()
    except (ValueError, TypeError, RecursionError) as error:
        return type(error).__name__, str(error)
    return "made", json.dumps(json.loads(made) if isinstance(made, bytes) else made)


def both(act: Callable[[], Any]) -> tuple[str, str]:
    fast, plain = outcome(act), without_libraries(lambda: outcome(act))
    assert fast == plain
    return fast


texts = st.text(st.characters(codec=None), max_size=6) | st.sampled_from(
    ["\ud800", "\u2028", "null"]
)
integers = st.integers() | st.sampled_from([2**53 + 1, 2**63, -(2**63) - 1, 2**64, 10**30])
floats = st.floats() | st.sampled_from([-0.0, 1e16, 1e22, 5e-324, 1e308])
scalars = st.none() | st.booleans() | integers | floats | texts
odd = st.sampled_from(
    [Colour.RED, Level.HIGH, UNSET, uuid.UUID(int=7), b"x", {1}, object, datetime.date.min, 1j]
)
parts: st.SearchStrategy[Any] = st.deferred(lambda: st.builds(Part, name=texts, inner=anything))
anything: st.SearchStrategy[Any] = st.recursive(
    scalars | st.deferred(lambda: parts),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(texts | st.integers() | st.none(), inner, max_size=3)
        | st.dictionaries(texts, inner, max_size=3).map(MappingProxyType)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("name", ["msgspec", "orjson"])
def test_the_fast_libraries_are_there_to_be_compared(name: str) -> None:
    assert codec._fast_reader() is not None
    assert codec._fast_writer() is not None
    assert name in sys.modules


@given(anything)
def test_what_can_be_written_is_written_the_same(value: Any) -> None:
    both(lambda: dumps(value))


@given(anything | odd, st.lists(odd, max_size=2))
def test_what_cannot_be_written_is_refused_in_the_same_words(value: Any, more: list[Any]) -> None:
    both(lambda: dumps({"value": value, "more": more}))


@given(anything)
def test_what_was_written_is_read_the_same(value: Any) -> None:
    text = without_libraries(lambda: outcome(lambda: dumps(value)))[1].encode()
    both(lambda: loads(text))


@given(
    st.binary(max_size=8)
    | st.text(st.sampled_from('[]{}:,"\\0123456789.eE+-nulltrfasd \n'), max_size=12).map(str.encode)
)
def test_whatever_comes_is_read_or_refused_the_same(content: bytes) -> None:
    both(lambda: loads(content))


BYTES = [
    b"", b" ", b"-0", b"-0.0", b"01", b"1.", b".5", b"1e5", b"1E+2", b"1e400", b"-1e400", b"1e-400",
    b"NaN", b"[Infinity]", b"-Infinity", b"nul", b"[1,]", b'{"a":1,}', b'""x', b"[" * 3,
    b"9" * 5_000, b"18446744073709551616", b"-9223372036854775809", b"9007199254740993.0",
    b"0." + b"1" * 30,
    b'{"a":1,"b":2,"a":3}', b'"\\ud800"', b'"\\ud83d\\ude00"', b'"\\u0000"', b'"\x01"', b'"\x7f"',
    b'"\xff"', b'"\xed\xa0\x80"', b"\xef\xbb\xbf1", "1".encode("utf-16"), "[1]".encode("utf-32"),
    b'{"\xff":1}', b'{1:2}', b"[1 2]", b"'a'", b'"\t"', b"\x00", b"tru", b"[true,false,null]",
]  # fmt: skip


@pytest.mark.parametrize("content", BYTES, ids=[repr(b[:24]) for b in BYTES])
def test_each_corner_is_read_the_same(content: bytes) -> None:
    both(lambda: loads(content))


@pytest.mark.parametrize("digits", [18, 19, 20, 30, 400])
def test_no_integer_is_read_as_a_float(digits: int) -> None:
    assert loads(b"[%s]" % (b"9" * digits)) == [10**digits - 1]


@pytest.mark.parametrize("content", [b"1e400", b'{"a": [-1e400]}'])
def test_a_number_that_no_float_holds_is_refused_and_not_read_as_infinity(content: bytes) -> None:
    assert both(lambda: loads(content))[1].endswith("1e400 is too large a number")


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("location", ["plain", "tuple", "model", "extra", "mapping", "changed"])
def test_nan_is_refused_wherever_it_is(bad: float, location: str) -> None:
    """Each of the fast libraries would write it as null."""
    changed = Part(name="x", extra={"kept": {"deep": [1]}})
    changed.extra["kept"]["deep"].append(bad)
    locations: dict[str, Any] = {
        "plain": {"a": [None, bad]},
        "tuple": ({"a": (bad,)},),
        "model": [Part(inner=Part(name=bad))],  # type: ignore[arg-type]
        "extra": Part(extra={"a": [bad]}),
        "mapping": MappingProxyType({"a": bad}),
        "changed": changed,
    }
    assert both(lambda: dumps(locations[location]))[0] == "ValueError"


def test_nulls_beside_it_do_not_hide_that_a_document_is_sound() -> None:
    value = {"a": None, "b": [1.5, None, Part(name=None, extra={"x": None})]}
    assert both(lambda: dumps(value)) == ("made", '{"a": null, "b": [1.5, null, {"x": null}]}')


def test_a_model_within_itself_is_refused() -> None:
    part = Part(name="a")
    part.many = [part]
    assert both(lambda: dumps(part))[0] in {"ValueError", "RecursionError"}


@pytest.mark.parametrize("levels", [200, 300])
def test_what_is_deep_is_written_all_the_same(levels: int) -> None:
    """One of the libraries gives up at 254 levels."""
    value: Any = 1
    for _ in range(levels):
        value = [value]
    assert both(lambda: dumps(value))[0] == "made"
