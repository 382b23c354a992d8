"""Formulas over bands: what they mean, what is refused."""

import math
import operator
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from function.errors import InvalidParameterError
from function.formula import DEEPEST, WIDEST, FormulaLimits, read_formula
from function.scenes.expression import BLOCK, Expression

BANDS = ("B04", "B08", "B8A")
NAN = np.float32(np.nan)
RED = np.array([0.1, 0.0, 0.3, -0.1], np.float32)
INFRARED = np.array([0.5, 0.0, np.nan, 0.2], np.float32)
VALUES = {"B04": RED, "B08": INFRARED, "B8A": np.array([0.4, 0.1, 0.0, -0.2], np.float32)}


def work_out(text: str) -> NDArray[np.float32]:
    return Expression(text, BANDS).evaluate(VALUES)


def test_index() -> None:
    expression = Expression("(B08-B04)/(B08+B04)", BANDS)
    assert expression.bands == ("B08", "B04")
    values = expression.evaluate({"B04": RED, "B08": INFRARED})
    assert values.dtype == np.float32
    assert values[0] == (INFRARED[0] - RED[0]) / (INFRARED[0] + RED[0])
    assert np.isnan(values[1:3]).all()


def test_numbers_signs_and_precedence() -> None:
    expected = -RED * np.float32(2) + np.float32(15) - RED / np.float32(4)
    np.testing.assert_array_equal(work_out("-B04 * 2 + 1.5e1 - --+B04 / 4"), expected)
    np.testing.assert_array_equal(work_out("B04 - 1 - 2"), (RED - np.float32(1)) - np.float32(2))
    np.testing.assert_array_equal(work_out("B04 + 1 < 2 * 0.5"), [0, 0, 0, 1])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("B04 < 0.1", [0, 1, 0, 1]),
        ("B04 <= 0.1", [1, 1, 0, 1]),
        ("B04 > 0", [1, 0, 1, 0]),
        ("B04 >= 0", [1, 1, 1, 0]),
        ("B04 == 0", [0, 1, 0, 0]),
        ("B04 != 0", [1, 0, 1, 1]),
        ("B08 > 0.3", [1, 0, NAN, 0]),
        ("B08 != B08", [0, 0, NAN, 0]),
        ("where(B04 > 0, 2, 3)", [2, 3, 2, 3]),
        ("where(B08 > 0, 2, 3)", [2, 3, NAN, 2]),
        ("where(B04 == 0, 9, 1 / B04)", [10, 9, np.float32(1) / RED[2], -10]),
        ("min(B04, B8A)", [RED[0], 0, 0, VALUES["B8A"][3]]),
        ("max(B04, B08, 0.2)", [0.5, np.float32(0.2), NAN, np.float32(0.2)]),
        ("clip(B04, 0, 0.2)", [RED[0], 0, np.float32(0.2), 0]),
        ("clip(1 / B8A, -3, 3)", [2.5, 3, NAN, -3]),
        ("clip(B04 / 0, -1, 1)", [NAN, NAN, NAN, NAN]),
        ("1 / (1 / B04)", [RED[0], NAN, 1 / (1 / RED[2]), RED[3]]),
        ("abs(B04)", [RED[0], 0, RED[2], -RED[3]]),
        ("sqrt(B04 * B04)", np.sqrt(RED * RED)),
        ("sqrt(B04)", [np.sqrt(RED[0]), 0, np.sqrt(RED[2]), NAN]),
    ],
)
def test_what_each_operation_means(text: str, expected: list[float]) -> None:
    np.testing.assert_array_equal(work_out(text), np.array(expected, np.float32))


def test_more_pixels_than_a_block() -> None:
    pixels = np.arange(3 * (BLOCK - 5), dtype=np.float32).reshape(3, -1)
    answer = Expression("1 - 2 * B04", ("B04",)).evaluate({"B04": pixels})
    np.testing.assert_array_equal(answer, np.float32(1) - np.float32(2) * pixels)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1 + 2",
        "B99",
        "b04",
        "B04 +",
        "B04 B08",
        "2B04",
        "B04 2",
        "B04 ** 9",
        "B04 ** 9 ** 9 ** 9",
        "B04 ^ 2",
        "B04 % 2",
        "B04 // 2",
        "B04 @ B08",
        "B04 << 3",
        "B04 and B08",
        "B04 if B08 else 1",
        "B04 < B08 < B8A",
        "B04 = B08",
        "B04 <> B08",
        "not B04",
        "!B04",
        "~B04",
        "__import__('os')",
        "__import__(B04)",
        "B04.__class__",
        "B04.real",
        "B04()",
        "B04(B08)",
        "eval(B04)",
        "sqrt",
        "sqrt(B04",
        "sqrt(B04))",
        "sqrt()",
        "sqrt(B04, B08)",
        "min(B04)",
        "clip(B04, 0)",
        "where(B04 > 0, 1)",
        "where(B04 > 0, 1, 2, 3)",
        "max(" + ",".join(["B04"] * 17) + ")",
        "where(B04 > 0; 1; 2)",
        "min(B04, a=1)",
        "min(*B04)",
        "B04[0]",
        "(B04, B08)",
        "[B04]",
        "lambda: B04",
        "(B04 := 3)",
        "f'{B04}'",
        "'B04'",
        "B04 + True",
        "B04 + None",
        "B04 + 1j",
        "B04 + 0x10",
        "B04 + 1_000",
        "B04 + nan",
        "B04 + inf",
        "B04 + ...",
        "B04 + 1..2",
        "B04 * 1e999",
        "B04 * 1e39",
        "B04 * 1e9999999999",
        "B04 * " + "9" * 400,
        "B04; B08",
        "B04\n=B08",
        "B04\x00",
        "B04 # B08",
        "Β04",  # noqa: RUF001 - a Greek letter
        "B04 + ٣",
        "(" * (DEEPEST + 1) + "B04" + ")" * (DEEPEST + 1),
        "sqrt(" * 90 + "B04" + ")" * 90,
        "+".join(["B04"] * 401),
        "B04" + " " * WIDEST.length + "+ B08",
        "*B04",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameterError, match=r"^(the expression|\w+ has \d+ arguments)"):
        Expression(text, BANDS)


def test_limits_are_told_with_their_number() -> None:
    for text, limits, number in (
        ("B04+B08", FormulaLimits(length=6), "at most 6"),
        ("B04+B08", FormulaLimits(terms=2), "at most 2"),
        ("B04+B08", FormulaLimits(bands=1), "at most 1"),
        ("(" * DEEPEST + "B04" + ")" * DEEPEST, WIDEST, f"at most {DEEPEST}"),
    ):
        with pytest.raises(InvalidParameterError, match=number):
            read_formula(text, BANDS, limits)
    assert read_formula("B04+B08", BANDS, FormulaLimits(7, 3, 2)).bands == ("B04", "B08")


def test_the_longest_formula_that_any_setting_allows_is_worked_out() -> None:
    # 400 bands and the 399 operations between them.
    longest = "+".join(["B04"] * 400)
    ones = np.ones(4, np.float32)
    assert np.array_equal(Expression(longest, BANDS).evaluate({"B04": ones}), ones * 400)
    with pytest.raises(InvalidParameterError, match=f"at most {WIDEST.terms}"):
        Expression(longest + "+B04", BANDS)


def test_a_plus_that_became_a_space_is_told() -> None:
    with pytest.raises(InvalidParameterError, match=r"'B04' at character 16, .*%2B"):
        read_formula("(B08-B04)/(B08 B04)", BANDS)


def test_every_message_tells_the_place() -> None:
    for text, place in (("B04 + ?", 7), ("B04 + * 2", 7), ("  ;", 3)):
        with pytest.raises(InvalidParameterError, match=f"at character {place}"):
            read_formula(text, BANDS)


@given(st.text(alphabet="B048A()+-*/<>=!, .123eminaxwhreclpsqtb\\'\"_[]:", max_size=60))
def test_any_text_is_worked_out_or_refused(text: str) -> None:
    try:
        expression = Expression(text, BANDS)
    except InvalidParameterError:
        return
    values = expression.evaluate(dict.fromkeys(BANDS, RED))
    assert values.shape == RED.shape
    assert values.dtype == np.float32


# A formula as text beside what it comes to, by plain arithmetic in Python pixel for pixel.
Pixel = dict[str, float]


def single(value: float) -> float:
    with np.errstate(all="ignore"):
        return float(np.float32(value))


class Reference:
    """A formula's text, and its value at a pixel; NaN is no value."""

    def __init__(self, text: str, *parts: "Reference", name: str = "") -> None:
        self.text, self.parts, self.name = text, parts, name

    def at(self, pixel: Pixel) -> float:
        if not self.parts:
            return pixel[self.text] if self.text in pixel else single(float(self.text))
        values = [part.at(pixel) for part in self.parts]
        if self.name == "where":
            condition, then, otherwise = values
            if math.isnan(condition):
                return math.nan
            return then if condition else otherwise
        if any(map(math.isnan, values)):
            return math.nan
        return single(ARITHMETIC[self.name](*values))


ARITHMETIC: dict[str, Callable[..., float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda a, b: a / b if b else math.nan,
    "neg": operator.neg,
    "abs": abs,
    "sqrt": lambda a: math.sqrt(a) if a >= 0 else math.nan,
    "min": min,
    "max": max,
    "clip": lambda a, low, high: min(max(a, low), high),
    "<": operator.lt,
    ">=": operator.ge,
}


def leaves() -> st.SearchStrategy[Reference]:
    numbers = st.sampled_from(["0", "1", "2.5", "0.0001", "1e3", ".5"])
    return st.one_of(st.sampled_from(BANDS), numbers).map(Reference)


def larger(parts: st.SearchStrategy[Reference]) -> st.SearchStrategy[Reference]:
    def infix(name: str, left: Reference, right: Reference) -> Reference:
        return Reference(f"({left.text}{name} {right.text})", left, right, name=name)

    def called(name: str, *arguments: Reference) -> Reference:
        text = ",".join(argument.text for argument in arguments)
        return Reference(f"{name}({text})", *arguments, name=name)

    return st.one_of(
        st.builds(infix, st.sampled_from(["+", "-", "*", "/", "<", ">="]), parts, parts),
        st.builds(called, st.sampled_from(["min", "max"]), parts, parts),
        st.builds(called, st.sampled_from(["where", "clip"]), parts, parts, parts),
        st.builds(called, st.sampled_from(["abs", "sqrt"]), parts),
        parts.map(lambda part: Reference(f"(-{part.text})", part, name="neg")),
    )


@given(
    st.recursive(leaves(), larger, max_leaves=12),
    st.lists(
        st.tuples(*[st.sampled_from([-0.1, 0.0, 1e-4, 0.2, 0.2002, 1.6, math.nan])] * 3),
        min_size=1,
        max_size=8,
    ),
)
def test_formulas_come_to_what_arithmetic_does(
    formula: Reference, pixels: list[tuple[float, ...]]
) -> None:
    columns = np.array(pixels, np.float32).T
    values = dict(zip(BANDS, columns, strict=True))
    try:
        expression = Expression("0 * B04 + 0 * B08 + 0 * B8A + " + formula.text, BANDS)
    except InvalidParameterError as error:
        assert "at most" in str(error)  # noqa: PT017 - hypothesis makes some too long
        return
    found = expression.evaluate(values)
    for column, answer in zip(columns.T, found, strict=True):
        pixel = {band: float(value) for band, value in zip(BANDS, column, strict=True)}
        if any(map(math.isnan, pixel.values())):
            assert math.isnan(answer)
        else:
            expected = formula.at(pixel)
            assert answer == expected or (not math.isfinite(expected) and not math.isfinite(answer))
