"""What every model can do: be compared, changed, copied, pickled and shown."""

from __future__ import annotations

import copy
import pickle
from typing import Any, ClassVar

import pytest
from attrs import define

from postman_async.engine.data.convert import from_dict, to_dict
from postman_async.extensions.model import Model


@define(kw_only=True, repr=False, eq=False)
class Schedule(Model):
    wire_names: ClassVar[dict[str, str]] = {"next_run": "nextRun"}

    cron: str
    next_run: str | None = None


@define(kw_only=True, repr=False, eq=False)
class Monitor(Model):
    name: str
    active: bool | None = None
    schedule: Schedule | None = None
    regions: list[str] | None = None


@define(kw_only=True, repr=False, eq=False)
class Mock(Model):
    name: str


def full() -> dict[str, Any]:
    """A document with everything that a model has to remember."""
    return {
        "name": "m",
        "active": None,
        "schedule": {"cron": "0 0 * * *", "nextRun": None, "zone": {"id": 1}},
        "regions": ["us-east"],
        "later": [1.0, None],
    }


def test_models_of_the_same_document_are_equal() -> None:
    assert from_dict(full(), Monitor) == from_dict(full(), Monitor)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"active": False},
        {"later": [1.0]},
        {"more": 1},
        {"schedule": {"cron": "0 0 * * *", "nextRun": None}},
    ],
)
def test_a_difference_anywhere_makes_models_unequal(change: dict[str, Any]) -> None:
    """Unknown keys count too, also those of a nested model."""
    assert from_dict({**full(), **change}, Monitor) != from_dict(full(), Monitor)


def test_absent_and_null_are_a_difference_because_they_are_written_differently() -> None:
    assert from_dict({"name": "m", "active": None}, Monitor) != from_dict({"name": "m"}, Monitor)


def test_looking_at_extra_and_nulls_changes_nothing() -> None:
    """Both are made when first looked at; an empty one equals none at all."""
    looked_at, untouched = Monitor(name="m"), Monitor(name="m")
    assert not looked_at.extra
    assert not looked_at.nulls
    assert looked_at == untouched
    assert to_dict(looked_at) == to_dict(untouched) == {"name": "m"}


def test_models_of_two_classes_are_never_equal() -> None:
    monitor: Model = Monitor(name="m")
    assert monitor != Mock(name="m")


def test_a_model_made_by_hand_equals_one_that_was_read() -> None:
    made = Monitor(name="m", regions=["uk"], extra={"later": 1})
    assert made == from_dict({"name": "m", "regions": ["uk"], "later": 1}, Monitor)


def test_what_was_changed_is_written_and_the_rest_as_it_came() -> None:
    monitor = from_dict(full(), Monitor)
    assert monitor.schedule is not None
    assert monitor.regions is not None
    monitor.active = True
    monitor.schedule.cron = "5 * * * *"
    monitor.regions.append("uk")
    monitor.extra["later"] = "now"
    assert to_dict(monitor) == {
        "name": "m",
        "active": True,
        "schedule": {"cron": "5 * * * *", "nextRun": None, "zone": {"id": 1}},
        "regions": ["us-east", "uk"],
        "later": "now",
    }


def test_a_field_set_to_none_is_left_out() -> None:
    monitor = Monitor(name="m", active=True, schedule=Schedule(cron="x"))
    monitor.active = monitor.schedule = None
    assert to_dict(monitor) == {"name": "m"}


def test_a_field_named_in_nulls_is_written_as_null_while_it_is_none() -> None:
    monitor = Monitor(name="m")
    monitor.nulls.add("active")
    assert to_dict(monitor) == {"name": "m", "active": None}
    monitor.active = False
    assert to_dict(monitor) == {"name": "m", "active": False}


def test_a_null_taken_out_of_nulls_is_left_out() -> None:
    monitor = from_dict({"name": "m", "active": None}, Monitor)
    monitor.nulls.clear()
    assert to_dict(monitor) == {"name": "m"}


def test_a_deleted_field_is_left_out_though_it_was_read_as_null() -> None:
    monitor = from_dict({"name": "m", "active": None, "schedule": None}, Monitor)
    del monitor.active, monitor.schedule
    assert (monitor.active, to_dict(monitor)) == (None, {"name": "m"})


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickled_model_is_the_same_and_is_written_the_same(protocol: int) -> None:
    """Reports cross processes: extras and nulls have to come along."""
    monitor = from_dict(full(), Monitor)
    again = pickle.loads(pickle.dumps(monitor, protocol))
    assert again == monitor
    assert to_dict(again) == full()


def test_a_deep_copy_shares_nothing_with_its_original() -> None:
    monitor = from_dict(full(), Monitor)
    twin = copy.deepcopy(monitor)
    assert twin.schedule is not None
    twin.schedule.cron = "changed"
    twin.schedule.extra["zone"]["id"] = 2
    twin.extra["later"].append(3)
    twin.nulls.clear()
    assert to_dict(monitor) == full()


def test_a_copy_is_equal() -> None:
    monitor = from_dict(full(), Monitor)
    assert copy.copy(monitor) == monitor


def test_a_misspelled_field_is_an_error_and_not_a_silent_new_attribute() -> None:
    monitor = Monitor(name="m")
    with pytest.raises(AttributeError):
        monitor.activ = True  # type: ignore[attr-defined]  # pyright: ignore


def test_the_repr_shows_what_is_there_and_the_unknown_keys() -> None:
    monitor = from_dict({"name": "m", "active": None, "more": 1}, Monitor)
    assert repr(monitor) == "Monitor(name='m', extra={'more': 1})"
    assert repr(Monitor(name="m", active=False)) == "Monitor(name='m', active=False)"
