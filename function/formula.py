"""Formulas over bands, read into a tree. They are never handed to Python to evaluate.

formula    = sum [ ("<" | "<=" | ">" | ">=" | "==" | "!=") sum ]
sum        = product { ("+" | "-") product }
product    = factor { ("*" | "/") factor }
factor     = { "+" | "-" } ( number | band | function "(" formula { "," formula } ")"
                             | "(" formula ")" )
"""

import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from function.errors import InvalidParameterError

# Each function with how many arguments it takes, at least and at most.
MANY = 16
FUNCTIONS = {
    "abs": (1, 1),
    "clip": (3, 3),
    "max": (2, MANY),
    "min": (2, MANY),
    "sqrt": (1, 1),
    "where": (3, 3),
}
COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})
SUMS = frozenset({"+", "-"})
PRODUCTS = frozenset({"*", "/"})
SIGNS = SUMS
# Pixels are calculated in float32.
LARGEST = 3.4e38
# The steepest published index nests six; each level costs the parser four calls of its own.
DEEPEST = 40

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)(?![A-Za-z0-9_.])"
    r"|(?P<name>[A-Za-z][A-Za-z0-9]*)|(?P<mark><=|>=|==|!=|[-+*/(),<>]))",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class FormulaLimits:
    """How long a formula may be: characters, terms (numbers, bands and operations), bands."""

    length: int = 512
    terms: int = 200
    bands: int = 13


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Band:
    name: str


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator or a function over its arguments; ``-`` of a single one is the sign."""

    name: str
    arguments: tuple["Term", ...]


Term = Number | Band | Operation


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that was read; ``bands`` are those it names, each once, in order."""

    root: Term
    bands: tuple[str, ...]


# What a formula of the mapfile may be, and what no setting can widen: as long as a request, and
# no deeper than Python works it out.
WIDEST = FormulaLimits(8192, 800)


def read_formula(text: str, allowed: Collection[str], limits: FormulaLimits = WIDEST) -> Formula:
    """Read a formula over bands that are ``allowed``.

    Raises InvalidParameterError, which says what is wrong with it and where.
    """
    if len(text) > limits.length:
        raise InvalidParameterError(
            f"the expression has {len(text)} characters, at most {limits.length} allowed"
        )
    reader = _Reader(list(_tokens(text)), limits)
    root = reader.read()
    names = tuple(dict.fromkeys(reader.bands))
    for name in names:
        if name not in allowed:
            raise InvalidParameterError(
                f"the expression names {name}, which is no band here;"
                f" there are {', '.join(allowed)}"
            )
    if not names:
        raise InvalidParameterError("the expression names no band")
    if len(names) > limits.bands:
        raise InvalidParameterError(
            f"the expression names {len(names)} bands, at most {limits.bands} allowed"
        )
    return Formula(root, names)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    place: int


def _tokens(text: str) -> Iterator[_Token]:
    place, end = 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            wrong = end - len(text[place:end].lstrip())
            raise InvalidParameterError(
                f"the expression has {text[wrong]!r} at character {wrong + 1}, where only bands,"
                " numbers, operators and functions may stand"
            )
        yield _Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup) + 1)
        place = match.end()


class _Reader:
    """Reads tokens from left to right; each method reads what its name says."""

    def __init__(self, tokens: list[_Token], limits: FormulaLimits) -> None:
        self._tokens = tokens
        self._next = 0
        self._limits = limits
        self._terms = 0
        self._depth = 0
        self.bands: list[str] = []

    def read(self) -> Term:
        root = self._formula()
        if self._next < len(self._tokens):
            raise self._unexpected()
        return root

    def _formula(self) -> Term:
        self._depth += 1
        if self._depth > DEEPEST:
            raise InvalidParameterError(
                f"the expression is nested too deeply, at most {DEEPEST} levels allowed"
            )
        term = self._sum()
        mark = self._take(COMPARISONS)
        if mark:
            term = self._counted(Operation(mark, (term, self._sum())))
        self._depth -= 1
        return term

    def _sum(self) -> Term:
        term = self._product()
        while mark := self._take(SUMS):
            term = self._counted(Operation(mark, (term, self._product())))
        return term

    def _product(self) -> Term:
        term = self._factor()
        while mark := self._take(PRODUCTS):
            term = self._counted(Operation(mark, (term, self._factor())))
        return term

    def _factor(self) -> Term:
        negative = False
        while mark := self._take(SIGNS):
            negative ^= mark == "-"
        term = self._primary()
        return self._counted(Operation("-", (term,))) if negative else term

    def _primary(self) -> Term:
        if self._next >= len(self._tokens):
            raise self._unexpected()
        token = self._tokens[self._next]
        if token.kind == "number":
            self._next += 1
            return self._counted(Number(_number(token)))
        if token.kind == "name":
            self._next += 1
            if self._take({"("}):
                return self._call(token)
            self.bands.append(token.text)
            return self._counted(Band(token.text))
        if self._take({"("}):
            term = self._formula()
            self._demand(")")
            return term
        raise self._unexpected()

    def _call(self, name: _Token) -> Term:
        if name.text not in FUNCTIONS:
            raise InvalidParameterError(
                f"the expression calls {name.text}, which is no function here;"
                f" there are {', '.join(FUNCTIONS)}"
            )
        arguments = [self._formula()]
        while self._take({","}):
            arguments.append(self._formula())
        self._demand(")")
        least, most = FUNCTIONS[name.text]
        if not least <= len(arguments) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            raise InvalidParameterError(
                f"{name.text} has {len(arguments)} arguments in the expression, it takes {wanted}"
            )
        return self._counted(Operation(name.text, tuple(arguments)))

    def _take(self, marks: Collection[str]) -> str:
        """Step over the next token where it is one of ``marks``; empty where it is not."""
        if self._next < len(self._tokens) and self._tokens[self._next].text in marks:
            self._next += 1
            return self._tokens[self._next - 1].text
        return ""

    def _demand(self, mark: str) -> None:
        if not self._take({mark}):
            raise self._unexpected()

    def _counted(self, term: Term) -> Term:
        self._terms += 1
        if self._terms > self._limits.terms:
            raise InvalidParameterError(
                f"the expression has too many terms, at most {self._limits.terms} allowed"
            )
        return term

    def _unexpected(self) -> InvalidParameterError:
        if self._next >= len(self._tokens):
            return InvalidParameterError("the expression ends where more is expected")
        token = self._tokens[self._next]
        message = f"the expression has {token.text!r} at character {token.place}, out of place"
        if token.kind != "mark" and self._next:
            message += "; in an address + is written %2B"
        return InvalidParameterError(message)


def _number(token: _Token) -> float:
    value = float(token.text)
    if not math.isfinite(value) or value > LARGEST:
        raise InvalidParameterError(f"the expression has {token.text}, which is too large")
    return value
