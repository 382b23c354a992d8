"""The parameters of a request as sent: keys in any case, values percent-decoded."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from function.errors import InvalidParameterError, MissingParameterError

# The longest map request has some 25 parameters; four times that leaves room for what clients add
# and still bounds the work of decoding.
MAX_PARAMETERS = 100

# A message repeats this much of a bad value: enough to recognise it, too little to flood a log.
SHOWN_CHARACTERS = 60

# The only parameter that is a document, and comes in lines.
SLD_BODY = "SLD_BODY"
_LINE_BREAK = re.compile(r"[\r\n]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def decode_form(*texts: str) -> tuple[tuple[str, str], ...]:
    """Decode ``application/x-www-form-urlencoded`` texts, in order, to (key, value) pairs.

    A GET has one such text, its query string; a POST has its body besides. Raises
    InvalidParameterError for text that is not UTF-8, has control characters or too many keys.
    """
    pairs: list[tuple[str, str]] = []
    for text in texts:
        try:
            pairs += parse_qsl(
                text, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS
            )
        except UnicodeDecodeError as error:
            raise InvalidParameterError("the query string is not UTF-8, percent-encoded") from error
        except ValueError as error:
            raise InvalidParameterError(
                f"a request may have at most {MAX_PARAMETERS} parameters"
            ) from error
    pairs = [
        (key, _LINE_BREAK.sub(" ", value) if key.upper() == SLD_BODY else value)
        for key, value in pairs
    ]
    for key, value in pairs:
        if _CONTROL.search(key) or _CONTROL.search(value):
            raise InvalidParameterError(f"{shown(key)} has control characters")
    return tuple(pairs)


def shown(value: str) -> str:
    """Shorten what a client sent for use in a message."""
    printable = _CONTROL.sub("?", value)
    if len(printable) <= SHOWN_CHARACTERS:
        return printable
    return printable[:SHOWN_CHARACTERS] + "…"


@dataclass(frozen=True, slots=True)
class Parameters:
    """Look-up of parameters by key in any case (OGC 06-042, 6.8.1).

    ``pairs`` are (key, value) in the order sent. An empty value counts as absent, as clients send
    ``TIME=&MAXCC=`` for fields left blank.
    """

    pairs: Sequence[tuple[str, str]]

    def names(self) -> tuple[str, ...]:
        """Every key sent, in upper case."""
        return tuple(key.upper() for key, _ in self.pairs)

    def find(self, key: str) -> str | None:
        """The value of ``key`` (upper case), None where it is absent or empty.

        Raises InvalidParameterError where the key is repeated with another value: whichever were
        taken, half of the clients would be answered with what they did not mean.
        """
        values = {value.strip() for name, value in self.pairs if name.upper() == key}
        values.discard("")
        if len(values) > 1:
            raise InvalidParameterError(f"{key} is given more than once, with different values")
        return values.pop() if values else None

    def find_all(self, key: str) -> tuple[str, ...]:
        """Every value of ``key`` that is not empty, for one that a request may repeat."""
        values = (value.strip() for name, value in self.pairs if name.upper() == key)
        return tuple(value for value in values if value)

    def with_value(self, key: str, value: str) -> "Parameters":
        """The same parameters, but for ``key``."""
        others = [pair for pair in self.pairs if pair[0].upper() != key]
        return Parameters((*others, (key, value)))

    def require(self, key: str) -> str:
        """The value of ``key``; raises MissingParameterError where it is absent or empty."""
        value = self.find(key)
        if value is None:
            raise MissingParameterError(f"{key} is missing")
        return value

    def choose(self, key: str, choices: Sequence[str]) -> str | None:
        """The one of ``choices`` that ``key`` names in any case, None where it is absent.

        Raises InvalidParameterError, listing the choices, for anything else.
        """
        value = self.find(key)
        if value is None:
            return None
        for choice in choices:
            if choice.lower() == value.lower():
                return choice
        raise InvalidParameterError(f"{key}={shown(value)} is none of {', '.join(choices)}")
