"""The controls of one emulator, as one object that its middleware and its API share."""

from __future__ import annotations

from aiohttp import web
from attrs import frozen

from postman_async.emulator.controls.faults.script import Faults
from postman_async.emulator.controls.limiter import Limiter
from postman_async.emulator.controls.request_log import RequestLog
from postman_async.emulator.serving.call import Service

__all__ = ["CONTROLS", "Controls"]


@frozen(eq=False)
class Controls:
    """What a test controls in an emulator.

    Attributes:
        service: the state that the handlers share.
        faults: the scripted faults.
        limiter: the limits, and how far they are used up.
        requests: the log of the requests.
    """

    service: Service
    faults: Faults
    limiter: Limiter
    requests: RequestLog


CONTROLS: web.AppKey[Controls] = web.AppKey("controls", Controls)
