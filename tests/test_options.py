"""Options refuse invalid values, and ``UNSET`` is distinct from every other value."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import attrs
import pytest

from postman_async.options import CallOptions, Retries, Timeout
from postman_async.unset import UNSET


def test_a_run_may_take_longer_than_the_service_needs_for_its_late_answer() -> None:
    """It answers 202 after 300 s, so neither a total nor a shorter deadline may be the default."""
    timeout = Timeout()
    assert timeout.total is None
    assert timeout.run is not None
    assert timeout.run > 300
    assert (timeout.connect, timeout.read) == (10, 60)


@pytest.mark.parametrize("name", ["connect", "read", "run", "total"])
@pytest.mark.parametrize("value", [-1, -0.001, float("nan")])
def test_a_time_below_zero_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        Timeout(**{name: value})


@pytest.mark.parametrize("name", ["connect", "read", "run", "total"])
def test_a_time_that_is_no_number_is_refused_by_name(name: str) -> None:
    text: Any = "10"
    with pytest.raises(TypeError, match=name):
        Timeout(**{name: text})


@pytest.mark.parametrize("name", ["connect", "read", "run", "total"])
@pytest.mark.parametrize("value", [None, 0, 0.5, 3])
def test_no_limit_zero_and_whole_seconds_are_times(name: str, value: float | None) -> None:
    assert getattr(Timeout(**{name: value}), name) == value


@pytest.mark.parametrize("attempts", [0, -1])
def test_a_call_is_sent_at_least_once(attempts: int) -> None:
    with pytest.raises(ValueError, match="attempts"):
        Retries(attempts=attempts)


@pytest.mark.parametrize("name", ["backoff", "max_backoff", "max_retry_after"])
def test_a_wait_below_zero_is_refused_by_name(name: str) -> None:
    settings: dict[str, Any] = {name: -0.1}
    with pytest.raises(ValueError, match=name):
        Retries(**settings)


def test_attempts_are_whole() -> None:
    several: Any = 2.5
    with pytest.raises(TypeError, match="attempts"):
        Retries(attempts=several)


@pytest.mark.parametrize("options", [Timeout(read=1), Retries(attempts=2)])
def test_options_are_values(options: Any) -> None:
    """A client and many calls share them, so they cannot change and can be keys."""
    name = attrs.fields(type(options))[0].name
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(options, name, 5)
    assert options in {copy.deepcopy(options)}
    assert pickle.loads(pickle.dumps(options)) == options


def test_no_option_of_a_call_is_required() -> None:
    assert CallOptions.__required_keys__ == frozenset()
    assert CallOptions.__optional_keys__ == {
        "timeout",
        "extra_headers",
        "extra_query",
        "extra_body",
        "retries",
    }


def test_unset_stays_one_object_through_copies_and_pickles() -> None:
    """``is UNSET`` is how it is recognised."""
    assert copy.deepcopy({"a": UNSET})["a"] is UNSET
    assert copy.copy(UNSET) is UNSET
    assert pickle.loads(pickle.dumps(UNSET)) is UNSET


@pytest.mark.parametrize("other", [None, False, "", 0, "UNSET"])
def test_unset_is_false_and_equals_nothing_else(other: Any) -> None:
    assert not UNSET
    assert other != UNSET


def test_unset_reads_well_in_signatures() -> None:
    assert repr(UNSET) == "UNSET"
