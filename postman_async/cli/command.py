"""What a command is made of: a function, its examples, and groups of shared options."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import typer

__all__ = ["Function", "command", "option_group"]

Function: TypeAlias = Callable[..., None]


def command(*, examples: str, no_args_is_help: bool = False) -> Callable[[Function], Any]:
    """Make a command of a function, whose parameters are its arguments and options.

    Args:
        examples: the text below the options, which begins with examples.
        no_args_is_help: show the help where no argument is given.

    Returns:
        A decorator for a function ``<name>_command``.

    """

    def decorate(function: Function) -> Any:
        app = typer.Typer(
            add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
        )
        name = function.__name__.removesuffix("_command").replace("_", "-")
        app.command(name, epilog=examples, no_args_is_help=no_args_is_help)(function)
        return typer.main.get_command(app)

    return decorate


def option_group(
    parameter: str,
    build: Callable[..., Any],
    options: Sequence[inspect.Parameter] | None = None,
) -> Callable[[Function], Function]:
    """Make a decorator that replaces one parameter of a command by several options.

    Args:
        parameter: the parameter, which the command gets the built object for.
        build: makes the object of the options' values.
        options: the options; without them the parameters of ``build``.

    """
    made = options or list(inspect.signature(build, eval_str=True).parameters.values())
    group = [option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in made]

    def decorate(function: Function) -> Function:
        own = inspect.signature(function, eval_str=True).parameters.values()
        all_options = [each for p in own for each in (group if p.name == parameter else [p])]

        @functools.wraps(function)
        def with_group(**values: Any) -> None:
            built = build(**{option.name: values.pop(option.name) for option in group})
            function(**values, **{parameter: built})

        with_group.__signature__ = inspect.Signature(all_options)  # type: ignore[attr-defined]
        with_group.__annotations__ = {option.name: option.annotation for option in all_options}
        return with_group

    return decorate
