"""The errors the emulator raises to the Python code that runs it.

::

    EmulatorError              an operation of the emulator failed
    ├── EngineUnavailable      the runtime cannot be used here; the message says what to do
    ├── EngineCrashed          a process of the runtime ended during a run
    └── ConversionError        a description cannot be converted to a collection
"""

from __future__ import annotations

__all__ = ["ConversionError", "EmulatorError", "EngineCrashed", "EngineUnavailable", "lacking"]


class EmulatorError(Exception):
    """An operation of the emulator failed; the message says which and why."""


class EngineUnavailable(EmulatorError):
    """The collection runtime cannot be used on this machine; the message says what to do."""


class EngineCrashed(EmulatorError):
    """A process of the collection runtime ended during a run; the next run starts another."""


class ConversionError(EmulatorError):
    """A description cannot be converted to a collection; the message is the converter's."""


def lacking(error: ModuleNotFoundError) -> EngineUnavailable:
    """Return the error for a missing package of the extra ``[emulator]``."""
    return EngineUnavailable(
        f'This needs the package {error.name}: pip install "postman-async[emulator]"'
    )
