"""What code around a view may do, as far as it can be read. For audits of routes. Pure: nothing is called.

`functools.wraps` copies the mark of a guard to functions that never call it. So a guard counts only if each
decorator outside of it knows the next layer, nothing that is inside of the guard, and no way to get there.
Python can hide that from any reader, so what can't be read counts as a way around.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dis import get_instructions
from functools import partial
from inspect import unwrap
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import TypeGuard

# A decorator that has one of these words may look for what is inside of a guard.
_UNWRAPPING = frozenset({"__wrapped__", "unwrap", "__closure__", "cell_contents", "getclosurevars"})
# One that keeps responses sends them to everyone.
_KEEPING = re.compile(
    r"(?<!no)(?<!no[_-])(?<!never_)cach(e(?![_-]control)|ing)|memoi[sz]e", re.IGNORECASE
)
# An `__init__` that has one of these words may give an instance another handler.
_SETTING = frozenset({"setattr", "__setattr__", "__dict__", "vars", "__class__"})
_HOOKS = ("__new__", "__getattribute__", "__getattr__")
_KNOWN = frozenset(
    {
        *getattr(sys, "stdlib_module_names", ()),
        *(
            "anyio",
            "asgiref",
            "django",
            "fastapi",
            "flask",
            "starlette",
            "torii_backend",
            "werkzeug",
        ),
    }
)
_DEPTH = 3


def is_function(value: object) -> TypeGuard[FunctionType]:
    """Return whether a value is a function. Proxies, such as those of wrapt, claim to be one."""
    return type(value) is FunctionType


def is_method(value: object) -> bool:
    """Return whether a value is a method of an object, and no proxy."""
    return type(value) is MethodType


def closure_of(function: object) -> dict[str, Any]:
    """Return the variables that a function has from around it."""
    found: dict[str, Any] = {}
    if is_function(function):
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
            try:
                found[name] = cell.cell_contents
            except ValueError:
                # It is set later, or never.
                continue
    return found


def may_skip(layer: Any, inner: Sequence[Any]) -> bool:
    """Return whether a decorator may call what is inside of the next layer, or leave that out.

    Args:
        layer: what the decorator made.
        inner: what it wraps, what that wraps, and so on.
    """
    functions = [each for each in _own_functions(layer) if not any(each is one for one in inner)]
    if not functions:
        return True  # such as lru_cache, which is not written in Python
    if any(map(_has_a_way_around, functions)):
        return True
    held = {id(value) for value in _held_by(layer, functions)}
    return id(inner[0]) not in held or any(id(each) in held for each in inner[1:])


def changes_itself(
    cls: type, names: Iterable[str], setups: Iterable[str], libraries: tuple[str, ...]
) -> str:
    """Name what lets an instance of a class have other methods than its class, or return ''.

    Args:
        cls: the class.
        names: of the methods.
        setups: those methods that prepare an instance, besides `__init__`.
        libraries: the packages whose classes prepare instances in the usual way.
    """
    wanted = frozenset(names)
    if type(cls).__call__ is not type.__call__:
        return type(cls).__name__
    for base in cls.__mro__:
        if base is object or base.__module__.partition(".")[0] in libraries:
            continue
        for name in vars(base):
            if name in _HOOKS:
                return f"{name} of {base.__name__}"
            if name == "__init__" or name in setups:
                function = unwrap(vars(base)[name])
                if not is_function(function) or _sets(function.__code__, wanted):
                    return f"{name} of {base.__name__}"
    return ""


def functions_in(layer: Any) -> list[FunctionType]:
    """List the functions that a call of a layer may run: its own, and those that they name."""
    found: dict[int, FunctionType] = {}
    for function in _own_functions(layer):
        _collect(function, _DEPTH, found)
    return list(found.values())


def is_word_of_caches(word: str) -> bool:
    """Return whether a name or a string says that code may keep responses, to send them to others."""
    return " " not in word and _KEEPING.search(word) is not None


def words_of(code: CodeType) -> Iterator[str]:
    """Yield the names and strings in code, and in the functions that are written inside of it."""
    yield from _names(code)
    yield from (each for each in _constants(code) if isinstance(each, str))


def texts_of(function: FunctionType) -> Iterator[str]:
    """Yield the strings in a function, those that it has a name for, and the attributes that it sets."""
    for word in (
        *_constants(function.__code__),
        *map(function.__globals__.get, _names(function.__code__)),
    ):
        if isinstance(word, str):
            yield word
    yield from _stored(function.__code__)


def _own_functions(layer: Any) -> list[FunctionType]:
    """List the function that a layer is, or those of its class and those that it was made with."""
    given: list[Any] = []
    while isinstance(layer, partial):
        given += [*layer.args, *layer.keywords.values()]
        layer = layer.func
    if type(layer) is MethodType:
        layer = layer.__func__
    if is_function(layer):
        return [layer, *filter(is_function, given)]
    cls = layer if isinstance(layer, type) else type(layer)
    if not is_function(getattr(cls, "__call__", None)):  # noqa: B004
        return []
    given += _attributes(layer)
    bases = [base for base in cls.__mro__ if base is cls or not _is_known(base)]
    values = [value for base in bases for value in vars(base).values()]
    parts = [getattr(value, part, value) for value in values for part in ("__func__", "fget")]
    return list(dict.fromkeys(filter(is_function, [*parts, *given])))


def _attributes(layer: Any) -> list[Any]:
    """List the attributes of an object, without what `functools.wraps` says of it."""
    try:
        attributes = object.__getattribute__(layer, "__dict__")
    except Exception:  # noqa: BLE001 (there are none, or the object is a proxy)
        return []
    return [value for name, value in attributes.items() if name != "__wrapped__"]


def _held_by(layer: Any, functions: Sequence[FunctionType]) -> Iterator[Any]:
    """Yield what a layer can call without a word for it: closures, defaults, attributes, globals."""
    held = list(_attributes(layer))
    for function in functions:
        held += [*closure_of(function).values(), *_globals(function)]
        held += [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    for value in held:
        yield value
        if isinstance(value, dict):
            yield from value.values()
        elif isinstance(value, (list, tuple, set, frozenset)):
            yield from value
        elif isinstance(value, partial):
            yield value.func
        elif type(value) is MethodType:
            yield value.__func__
        elif not isinstance(value, (type, ModuleType, FunctionType)):
            yield from _attributes(value)


def _has_a_way_around(function: FunctionType) -> bool:
    code = function.__code__
    module, name = function.__globals__.get("__name__"), getattr(code, "co_qualname", code.co_name)
    words = [*words_of(code), *code.co_freevars, *code.co_varnames, str(module), name]
    return not _UNWRAPPING.isdisjoint(words) or any(map(is_word_of_caches, words))


def _sets(code: CodeType, names: frozenset[str]) -> bool:
    return not names.isdisjoint(_stored(code)) or not _SETTING.isdisjoint(words_of(code))


def _with_inner(code: CodeType) -> Iterator[CodeType]:
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _with_inner(const)


def _names(code: CodeType) -> Iterator[str]:
    for each in _with_inner(code):
        yield from each.co_names


def _constants(code: CodeType) -> Iterator[Any]:
    for each in _with_inner(code):
        for const in each.co_consts:
            yield from const if isinstance(const, (tuple, frozenset)) else (const,)


def _stored(code: CodeType) -> set[str]:
    """Return the names of the attributes that code sets."""
    codes = _with_inner(code)
    return {
        each.argval
        for code in codes
        for each in get_instructions(code)
        if each.opname == "STORE_ATTR"
    }


def _collect(value: Any, depth: int, found: dict[int, FunctionType]) -> None:
    if type(value) is MethodType:
        value = value.__func__
    if not is_function(value) or id(value) in found or _is_known(value):
        return
    found[id(value)] = value
    if depth:
        for each in (*closure_of(value).values(), *_globals(value)):
            _collect(each, depth - 1, found)


def _is_known(owner: Any) -> bool:
    """Return whether a function or class is of a framework, or of Python."""
    module = owner.__globals__.get("__name__") if is_function(owner) else owner.__module__
    return owner is object or str(module).partition(".")[0] in _KNOWN


def _globals(function: FunctionType) -> Iterator[Any]:
    """Yield what a function names of its module, and of modules that it names."""
    names = list(_names(function.__code__))
    for name in names:
        value = function.__globals__.get(name)
        yield value
        if isinstance(value, ModuleType) and value.__name__.partition(".")[0] not in _KNOWN:
            yield from (vars(value).get(each) for each in names)
