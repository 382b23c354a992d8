"""A layer's ``sentinel_ows_*`` metadata: values found by key, faults told with file and layer."""

import math
import re
from collections.abc import Callable, Mapping, Set
from pathlib import Path
from typing import TypeVar

from function.errors import OperatorError

PREFIX = "sentinel_ows_"

_BAND = re.compile(r"[A-Za-z][A-Za-z0-9]*", re.ASCII)


Read = TypeVar("Read")


class MapfileError(OperatorError):
    """A mapfile cannot be published.

    Each of ``problems`` names the file, the layer and the key; the message has a line for each.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class LayerMetadata:
    """The keys of one layer, without their prefix."""

    def __init__(self, mapfile: Path, layer: str, values: Mapping[str, str]) -> None:
        self.layer = layer
        self._mapfile = mapfile
        self._values = values
        self._problems: list[str] = []

    def fault(self, key: str, reason: str) -> MapfileError:
        """The error that names file, layer and key, for the caller to raise."""
        return MapfileError(f"{self._mapfile}: layer {self.layer}: {PREFIX}{key}: {reason}")

    def attempt(self, read: Callable[[], Read], otherwise: Read) -> Read:
        """Give what ``read`` does; where it raises MapfileError, keep that for later."""
        try:
            return read()
        except MapfileError as error:
            self._problems += error.problems
            return otherwise

    def settled(self) -> MapfileError:
        """The error of all that was kept, which may be nothing."""
        return MapfileError(*self._problems)

    def find(self, key: str) -> str | None:
        return self._values.get(key)

    def require(self, key: str) -> str:
        value = self._values.get(key)
        if not value:
            raise self.fault(key, "is missing")
        return value

    def choose(self, key: str, choices: tuple[str, ...], default: str | None = None) -> str:
        """The value, one of ``choices``; missing, it is ``default`` where there is one."""
        value = self.require(key) if default is None else self._values.get(key, default)
        if value not in choices:
            raise self.fault(key, f"{value!r} is none of {', '.join(choices)}")
        return value

    def read_list(self, key: str) -> tuple[str, ...]:
        """The values between commas; empty where the key is missing."""
        text = self._values.get(key)
        return () if text is None else tuple(part.strip() for part in text.split(","))

    def read_rising_pair(self, key: str, example: str) -> tuple[float, float]:
        """Two numbers, the second the greater."""
        try:
            lowest, highest = map(float, self.read_list(key))
        except ValueError as error:
            raise self.fault(key, f"is no pair of numbers; use {example}") from error
        if not (math.isfinite(lowest) and math.isfinite(highest) and lowest < highest):
            raise self.fault(key, f"must rise from the first number to the second; use {example}")
        return lowest, highest

    def read_band(self, key: str, text: str) -> str:
        if not _BAND.fullmatch(text):
            raise self.fault(key, f"{text!r} is no name of a band")
        return text

    def check_known(self, known: Set[str]) -> None:
        """Keep a fault for every key that is not ``known``."""
        for key in self._values:
            if key not in known:
                fault = self.fault(key, f"is no key of ours; there are {', '.join(sorted(known))}")
                self._problems += fault.problems

    def check_fitting(self, unfit: Set[str], kind: str) -> None:
        """Keep a fault for every key that is ``unfit``: of another kind of layer."""
        for key in self._values:
            if key in unfit:
                fault = self.fault(key, f"has no meaning for a layer of kind {kind}")
                self._problems += fault.problems
