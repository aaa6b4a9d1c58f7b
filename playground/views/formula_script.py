"""The formulas of `metrics.formulas` for the page: the same source, translated, so sliders need no server."""

import inspect
import pkgutil
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

from playground.metrics import formulas


@cache
def _functions() -> dict[str, Callable[..., Any]]:
    """Every public function of the folder by name; names are unique, since the page has one scope."""
    found: dict[str, Callable[..., Any]] = {}
    for info in pkgutil.iter_modules(formulas.__path__, f"{formulas.__name__}."):
        module = import_module(info.name)
        for name in module.__all__:
            if name in found:
                raise ValueError(f"two formulas have the name {name!r}; the page could not distinguish them")
            found[name] = getattr(module, name)
    return found


@cache
def formula_script() -> str:
    """JavaScript that creates `window.playground.formulas`, an object of all formulas by name.

    They take what the Python functions take, with plain numbers, arrays and objects for `Decimal`, lists and dicts.
    """
    from pscript import py2js  # noqa: PLC0415 - only the page needs it, and once

    source = "\n\n".join(inspect.getsource(function) for function in _functions().values())
    # Its helpers are global `var`s and its docstrings duplicate the notes: one function hides them from the page.
    translated = py2js(source, docstrings=False)
    names = ", ".join(_functions())
    return f"(window.playground ??= {{}}).formulas = (() => {{\n{translated}\nreturn {{ {names} }};\n}})();\n"


@cache
def formula_notes() -> dict[str, dict[str, str]]:
    """What the page shows to explain a figure, by name of its formula: `about`, `formula` and `source`.

    A function that only combines other formulas states neither formula nor source: both are empty.
    """
    return {name: _note(inspect.getdoc(function) or "") for name, function in _functions().items()}


def _note(docstring: str) -> dict[str, str]:
    rest, _, source = docstring.partition("\nSource:")
    about, _, formula = rest.partition("\nFormula:")
    return {name: " ".join(text.split()) for name, text in (("about", about), ("formula", formula), ("source", source))}
