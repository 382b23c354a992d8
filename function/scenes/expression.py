"""Arithmetic over bands, as a layer's expression writes it."""

import ast
import operator
from collections.abc import Callable, Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from function.errors import InvalidParameterError

Values = NDArray[np.float32]

# Every published index fits in a tenth of these.
MAX_LENGTH = 512
MAX_NODES = 200

OPERATIONS: Mapping[type[ast.operator], Callable[[Values, Values], Values]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
SIGNS: Mapping[type[ast.unaryop], Callable[[Values], Values]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}


class Expression:
    """An expression of + - * / and parentheses over numbers and names of bands.

    Raises InvalidParameterError for anything else. ``bands`` are the names it reads, in the order
    in which it reads them.
    """

    def __init__(self, text: str, allowed: Collection[str]) -> None:
        self._root = _parse(text)
        nodes = list(ast.walk(self._root))
        if len(nodes) > MAX_NODES:
            raise InvalidParameterError("the expression has too many terms")
        names = [node.id for node in nodes if isinstance(node, ast.Name)]
        unknown = sorted(set(names) - set(allowed))
        if unknown:
            raise InvalidParameterError(f"the expression names {unknown[0]}, which is no band here")
        if not names:
            raise InvalidParameterError("the expression names no band")
        self.bands = tuple(dict.fromkeys(names))
        _check(self._root)

    def evaluate(self, values: Mapping[str, Values]) -> Values:
        """Work it out in float32 over arrays of one shape; division by zero is not finite."""
        with np.errstate(all="ignore"):
            return _evaluate(self._root, values)


def _parse(text: str) -> ast.expr:
    if len(text) > MAX_LENGTH:
        raise InvalidParameterError(f"the expression is longer than {MAX_LENGTH} characters")
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InvalidParameterError("the expression does not parse") from error


def _check(node: ast.expr) -> None:
    match node:
        case ast.BinOp() if type(node.op) in OPERATIONS:
            _check(node.left)
            _check(node.right)
        case ast.UnaryOp() if type(node.op) in SIGNS:
            _check(node.operand)
        case ast.Name():
            pass
        case ast.Constant(value=int() | float()) if _is_usable(node.value):
            pass
        case _:
            raise InvalidParameterError(
                "the expression may hold bands, numbers, + - * / and parentheses only"
            )


def _is_usable(value: object) -> bool:
    limit = float(np.finfo(np.float32).max)
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= limit


def _evaluate(node: ast.expr, values: Mapping[str, Values]) -> Values:
    match node:
        case ast.BinOp():
            operation = OPERATIONS[type(node.op)]
            return operation(_evaluate(node.left, values), _evaluate(node.right, values))
        case ast.UnaryOp():
            return SIGNS[type(node.op)](_evaluate(node.operand, values))
        case ast.Name():
            return values[node.id]
        case _:
            return np.full((), ast.literal_eval(node), np.float32)
