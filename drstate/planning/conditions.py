"""The small language of ``waves.<n>.when``: an expression over what the execution knows by then.

::

    health.w1 == 'HEALTHY'
    resource('aurora/orders').achieved_rpo_seconds < 60 and not forced
    phase in ('activate', 'instantiate')

Read by Python's parser and walked node by node; what is not listed here is refused, and nothing is
ever evaluated as code. A value that is not known then is neither true nor false: an expression that
depends on it does not hold, and the reason says so.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from drstate.errors import ConfigError

Scalar = str | int | float | bool | None
#: how the file of the scope names the field
FIELD = "waves.{wave}.when"
_LONGEST = 500
#: names that stand for themselves
NAMES = ("phase", "operation", "forced", "emergency")
_HELP = (
    "write a comparison of health.w<n>, resource('<technology>/<name>').<value>, "
    f"{', '.join(NAMES)} with text, numbers, True or False, joined by and, or, not"
)
_COMPARE: dict[type[ast.cmpop], Callable[[Scalar, Scalar], bool]] = {
    ast.Eq: lambda left, right: left == right,
    ast.NotEq: lambda left, right: left != right,
    ast.Lt: lambda left, right: _ordered(left, right) and left < right,  # type: ignore[operator]
    ast.LtE: lambda left, right: _ordered(left, right) and left <= right,  # type: ignore[operator]
    ast.Gt: lambda left, right: _ordered(left, right) and left > right,  # type: ignore[operator]
    ast.GtE: lambda left, right: _ordered(left, right) and left >= right,  # type: ignore[operator]
}


@dataclass(frozen=True)
class Reference:
    """One value that an expression reads: ``health.w1``, ``resource('…').status``, ``phase``."""

    #: ``health``, ``resource`` or one of ``NAMES``
    kind: str
    #: the wave's number, or the resource as written
    of: str = ""
    #: the resource's value
    name: str = ""

    def __str__(self) -> str:
        if self.kind == "health":
            return f"health.w{self.of}"
        if self.kind == "resource":
            return f"resource({self.of!r}).{self.name}"
        return self.kind


@dataclass(frozen=True)
class Judgement:
    """What an expression came to. ``met`` None: it depends on something that is not known."""

    met: bool | None
    inputs: Mapping[str, Scalar]
    unknown: tuple[str, ...]

    @property
    def reason(self) -> str:
        """Why the wave is not run, or is."""
        seen = ", ".join(f"{name} is {_said(value)}" for name, value in self.inputs.items())
        return seen or "it reads nothing"


@dataclass(frozen=True)
class Condition:
    """A read expression."""

    text: str
    tree: ast.expr
    references: tuple[Reference, ...]

    @property
    def waves(self) -> frozenset[int]:
        """Waves whose verdict it reads."""
        return frozenset(int(one.of) for one in self.references if one.kind == "health")

    @property
    def resources(self) -> tuple[str, ...]:
        """Resources that it reads, as written."""
        return tuple(dict.fromkeys(r.of for r in self.references if r.kind == "resource"))


def parse(text: str, *, wave: int) -> Condition:
    """Read the expression of a wave. Raises ConfigError naming the place and what is allowed."""
    if len(text) > _LONGEST:
        raise _refused(text[:40] + "…", wave, f"it is longer than {_LONGEST} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _refused(text, wave, f"it cannot be read: {error}") from None
    found: list[Reference] = []
    _check(tree, text, wave, found)
    if not isinstance(tree, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Name | ast.Constant):
        raise _refused(text, wave, "it is a value, and no condition")
    if not found:
        raise _refused(text, wave, "it depends on nothing, so that it says nothing")
    return Condition(text.strip(), tree, tuple(dict.fromkeys(found)))


def judge(condition: Condition, values: Mapping[Reference, Scalar]) -> Judgement:
    """Whether it holds; references without a value are not known."""
    known = {one: values.get(one) for one in condition.references}
    met = _truth(condition.tree, known)
    return Judgement(
        met=met,
        inputs={str(one): value for one, value in known.items()},
        unknown=tuple(str(one) for one, value in known.items() if value is None),
    )


def _check(  # noqa: C901, PLR0912 - one case a kind
    node: ast.expr, text: str, wave: int, found: list[Reference]
) -> None:
    reference = _reference(node)
    if reference is not None:
        found.append(reference)
        return
    match node:
        case ast.Constant(value=bool() | int() | float() | str()):
            return
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            _check(operand, text, wave, found)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float())):
            return
        case ast.BoolOp(values=values):
            for one in values:
                _check(one, text, wave, found)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            _check(left, text, wave, found)
            if isinstance(op, ast.In | ast.NotIn):
                if not isinstance(right, ast.Tuple | ast.List):
                    raise _refused(text, wave, "in needs a list: in ('a', 'b')")
                for one in right.elts:
                    if not isinstance(one, ast.Constant):
                        raise _refused(text, wave, "a list may hold text and numbers only")
                    _check(one, text, wave, found)
            elif type(op) in _COMPARE:
                _check(right, text, wave, found)
            else:
                raise _refused(text, wave, f"{type(op).__name__} is no comparison here")
        case ast.Compare():
            raise _refused(text, wave, "join two comparisons with and")
        case _:
            raise _refused(text, wave, f"{_source(node)} is not allowed")


def _reference(node: ast.expr) -> Reference | None:
    match node:
        case ast.Name(id=name) if name in NAMES:
            return Reference(name)
        case ast.Attribute(value=ast.Name(id="health"), attr=attr) if (
            attr[:1] == "w" and attr[1:].isdecimal() and attr.isascii()
        ):
            return Reference("health", str(int(attr[1:])))
        case ast.Attribute(
            value=ast.Call(
                func=ast.Name(id="resource"),
                args=[ast.Constant(value=str(name))],
                keywords=[],
            ),
            attr=attr,
        ) if not attr.startswith("_"):
            return Reference("resource", name, attr)
    return None


def _truth(node: ast.expr, values: Mapping[Reference, Scalar]) -> bool | None:
    """Three-valued: None where it depends on what is not known."""
    match node:
        case ast.BoolOp(op=op, values=parts):
            told = [_truth(one, values) for one in parts]
            decides = isinstance(op, ast.Or)
            if decides in told:
                return decides
            return None if None in told else not decides
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = _truth(operand, values)
            return None if inner is None else not inner
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _compared(op, _value(left, values), right, values)
        case _:
            value = _value(node, values)
            return None if value is None else bool(value)


def _compared(
    op: ast.cmpop, left: Scalar, right: ast.expr, values: Mapping[Reference, Scalar]
) -> bool | None:
    if left is None:
        return None
    if isinstance(right, ast.Tuple | ast.List):
        among = left in [_value(one, values) for one in right.elts]
        return among if isinstance(op, ast.In) else not among
    other = _value(right, values)
    return None if other is None else _COMPARE[type(op)](left, other)


def _value(node: ast.expr, values: Mapping[Reference, Scalar]) -> Scalar:
    reference = _reference(node)
    if reference is not None:
        return values.get(reference)
    match node:
        case ast.Constant(value=bool() | int() | float() | str() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
    return _truth(node, values)


def _ordered(left: Scalar, right: Scalar) -> bool:
    numbers = isinstance(left, int | float) and isinstance(right, int | float)
    return numbers or (isinstance(left, str) and isinstance(right, str))


def _said(value: Scalar) -> str:
    return "not known" if value is None else str(value)


def _source(node: ast.expr) -> str:
    return ast.unparse(node)


def _refused(text: str, wave: int, why: str) -> ConfigError:
    return ConfigError(
        f"{FIELD.format(wave=wave)} is {text!r}: {why}",
        why="a condition reads results of earlier waves, and nothing else",
        hint=_HELP,
    )


def named(condition: Condition, keys: Mapping[str, str]) -> str:
    """The expression with every resource called by its key. ``keys``: as written -> key."""

    class Naming(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.Call:
            [written] = node.args
            if isinstance(written, ast.Constant) and isinstance(written.value, str):
                key = keys.get(written.value, written.value)
                return ast.Call(func=node.func, args=[ast.Constant(key)], keywords=[])
            return node

    copy = ast.parse(condition.text, mode="eval")
    return ast.unparse(ast.fix_missing_locations(Naming().visit(copy)))


def refused(condition: Condition, wave: int, why: str) -> ConfigError:
    """The error for an expression that reads what it cannot know."""
    return _refused(condition.text, wave, why)
