"""Write the API reference as HTML: python .ci/reference.py FOLDER.

It covers the public names, the resource classes of both clients, the models, the bulk runs, the
reports and the emulator with what tests use of it; the generator and private helpers are left out.
"""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module
from pathlib import Path

import pdoc

PUBLIC = ("postman_async", "postman_async.emulator", "postman_async.emulator.faults")
ROOMS = ("postman_async.api", "postman_async.api.sync", "postman_async.models")


def modules() -> list[str]:
    """Name the modules of the reference, the resource classes among them."""
    paths = {room: import_module(room).__path__ for room in ROOMS}
    inside = [f"{room}.{m.name}" for room in ROOMS for m in pkgutil.iter_modules(paths[room])]
    return [*PUBLIC, *ROOMS, *(name for name in inside if name not in ROOMS)]


def main() -> None:
    """Write the pages, and fail when a resource class is on none of them."""
    folder = Path(sys.argv[1])
    pdoc.render.configure(docformat="google", show_source=False)
    pdoc.pdoc(*modules(), output_directory=folder)
    page = folder / "postman_async" / "api" / "monitors.html"
    if "AsyncMonitors.run" not in page.read_text(encoding="utf-8"):
        sys.exit(f"{page} does not describe AsyncMonitors.run")
    print(f"{len(list(folder.rglob('*.html')))} pages in {folder}")


if __name__ == "__main__":
    main()
