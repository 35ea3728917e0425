"""The errors the emulator raises to the Python code that runs it.

::

    EmulatorError              something the emulator was asked to do cannot be done
    ├── EngineUnavailable      collections cannot be run here; the message says what to do
    ├── EngineCrashed          the process that runs collections ended under way
    └── ConversionError        a specification cannot be turned into a collection
"""

from __future__ import annotations

__all__ = ["ConversionError", "EmulatorError", "EngineCrashed", "EngineUnavailable", "lacking"]


class EmulatorError(Exception):
    """Something the emulator was asked to do cannot be done; the message says what and why."""


class EngineUnavailable(EmulatorError):
    """Collections cannot be run on this machine as it is; the message says what to do about it."""


class EngineCrashed(EmulatorError):
    """The process that runs collections ended while it was at work; the next run starts it anew."""


class ConversionError(EmulatorError):
    """A specification cannot be turned into a collection; the message is the converter's reason."""


def lacking(error: ModuleNotFoundError) -> EngineUnavailable:
    """Return the error for what needs a package of the emulator's extra that is not there."""
    return EngineUnavailable(
        f'This needs the package {error.name}: pip install "postman-async[emulator]"'
    )
