"""Commands that are imported when they are used.

Each module of a package of commands is a command, and each package in it a group of commands.  Its
file name is the name of the command, the first line of its docstring is the help in the list of
commands, and its function ``<name>_command``, made by `postman_async.cli.command.command`, runs it.
So a command is added by a file alone, and ``--help`` lists commands without importing them.
"""

from __future__ import annotations

import ast
import pkgutil
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from typer.core import TyperCommand, TyperGroup

__all__ = ["LazyCommand", "LazyGroup", "lazy_commands"]


class LazyCommand(TyperCommand):
    """Stands in the list of commands for one that is not imported yet.

    Args:
        name: the name of the command.
        module: the full name of its module or package.

    """

    def __init__(self, name: str, module: str) -> None:
        super().__init__(name=name)
        self._module = module

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the first line of the module's docstring, whatever its length."""
        return _summary(self._module)

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """Import the command, which from here on stands for itself."""
        loaded = _load(self._module)
        return loaded.make_context(info_name, args, parent, **extra)


class LazyGroup(TyperGroup):
    """A group of the commands in a package.

    Attributes:
        package: the full name of the package, in subclasses that Typer makes instances of.

    """

    package = ""

    def __init__(self, *, package: str = "", **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {**self.commands, **lazy_commands(package or self.package)}


def lazy_commands(package: str) -> dict[str, Any]:
    """Return the commands of a package by their names; those of private modules are left out."""
    path = import_module(package).__path__
    modules = (module.name for module in pkgutil.iter_modules(path))
    public = [(name.replace("_", "-"), name) for name in modules if not name.startswith("_")]
    return {name: LazyCommand(name, f"{package}.{module}") for name, module in public}


def _load(module: str) -> Any:
    """Import a command, or make the group of a package."""
    loaded, name = import_module(module), module.rpartition(".")[2]
    if hasattr(loaded, "__path__"):
        return LazyGroup(
            package=module,
            name=name,
            help=loaded.__doc__,
            no_args_is_help=True,
            rich_markup_mode=None,
        )
    return getattr(loaded, f"{name}_command")


def _summary(module: str) -> str:
    """Read the first line of a module's docstring from its source, which is not run."""
    spec = find_spec(module)
    get_source = getattr(spec and spec.loader, "get_source", lambda name: None)
    source = get_source(module)
    text = import_module(module).__doc__ if source is None else ast.get_docstring(ast.parse(source))
    return (text or "").strip().partition("\n")[0]
