"""Formulas over bands, worked out on their pixels."""

from collections.abc import Callable, Collection, Mapping
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from function.formula import Band, Number, Operation, Term, read_formula

Values = NDArray[np.float32]

# Pixels worked out at a time: what lies between a few dozen operations stays in the CPU's caches,
# and a formula takes no more memory however long it is.
BLOCK = 1 << 15

ABSENT = np.float32(np.nan)


class Expression:
    """A formula of a layer, ready to be worked out; see function.formula for what it may hold.

    ``bands`` are the names it reads, in the order in which it reads them. Raises
    InvalidParameterError for one that does not parse or names other than ``allowed`` bands.
    """

    def __init__(self, text: str, allowed: Collection[str]) -> None:
        formula = read_formula(text, allowed)
        self._root = formula.root
        self.bands = formula.bands

    def evaluate(self, values: Mapping[str, Values]) -> Values:
        """Work it out in float32 over arrays of one shape; what has no value is not finite.

        A comparison is 1 or 0. Division by zero gives no value, nor does anything that is made
        of what has none, except by ``where``, which needs the side alone that it takes.
        """
        shape = values[self.bands[0]].shape
        flat = {band: values[band].reshape(-1) for band in self.bands}
        answer = np.empty(flat[self.bands[0]].shape, np.float32)
        with np.errstate(all="ignore"):
            for start in range(0, answer.size, BLOCK):
                block = slice(start, start + BLOCK)
                parts = {band: pixels[block] for band, pixels in flat.items()}
                answer[block] = _evaluate(self._root, parts)
        return answer.reshape(shape)


def _evaluate(term: Term, values: Mapping[str, Values]) -> Values:
    match term:
        case Band(name):
            return values[name]
        case Number(value):
            return np.asarray(value, np.float32)
        case Operation("-", (only,)):
            return np.negative(_evaluate(only, values))
        case Operation(name, arguments):
            return OPERATIONS[name](*(_evaluate(each, values) for each in arguments))


def _divide(numerator: Values, denominator: Values) -> Values:
    """Divide; by zero the answer is NaN, not infinite, which clip would make a number again."""
    quotient = np.asarray(numerator / denominator, np.float32)
    return np.where(denominator == 0, ABSENT, quotient)


def _where(condition: Values, then: Values, otherwise: Values) -> Values:
    chosen: Values = np.where(condition != 0, then, otherwise)
    return np.where(np.isnan(condition), ABSENT, chosen)


def _compare(holds: Callable[[Values, Values], NDArray[np.bool_]]) -> Callable[..., Values]:
    def compare(left: Values, right: Values) -> Values:
        answer = holds(left, right).astype(np.float32)
        return np.where(np.isnan(left) | np.isnan(right), ABSENT, answer)

    return compare


OPERATIONS: Mapping[str, Callable[..., Values]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": _divide,
    "<": _compare(np.less),
    "<=": _compare(np.less_equal),
    ">": _compare(np.greater),
    ">=": _compare(np.greater_equal),
    "==": _compare(np.equal),
    "!=": _compare(np.not_equal),
    "abs": np.abs,
    "clip": lambda value, low, high: np.minimum(np.maximum(value, low), high),
    "max": lambda *values: reduce(np.maximum, values),
    "min": lambda *values: reduce(np.minimum, values),
    "sqrt": np.sqrt,
    "where": _where,
}
