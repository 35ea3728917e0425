"""The faults that a test can script: the names of `controls.faults`, where users import them."""

from postman_async.emulator.controls.faults import *  # noqa: F403
from postman_async.emulator.controls.faults import __all__ as __all__
