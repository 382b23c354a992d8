"""What every reader of products takes and gives."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from function.grid import Grid
from function.scene import Scene


class Header(Protocol):
    """What an image file says of itself."""

    @property
    def grid(self) -> Grid: ...

    @property
    def components(self) -> int: ...

    @property
    def bits(self) -> int: ...


class Shape(Protocol):
    """What an image file that is on no grid says of itself: samples, lines, bits a sample."""

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    @property
    def bits(self) -> int: ...


DISK = "disk"
ReadHeader = Callable[[str], Header]
ReadShape = Callable[[str], Shape]


@dataclass(frozen=True, slots=True)
class ReadProduct:
    """A product as a scene; ``warnings`` tell what of it is missing or contradicts itself.

    ``source`` tells apart the sources of one product: the store whose directory it is, or the item.
    """

    scene: Scene
    warnings: tuple[str, ...]
    source: str = DISK


class Kind(NamedTuple):
    """A kind of file, as warnings name one and several."""

    one: str
    many: str

    def counted(self, number: int) -> str:
        """Begin a sentence about so many of them."""
        return f"1 {self.one} is" if number == 1 else f"{number} {self.many} are"


IMAGES = Kind("image", "images")


class Flaws:
    """Collects the files that a product lacks, to tell of all of a kind in one warning."""

    def __init__(self) -> None:
        self._names: dict[tuple[Kind, str], list[str]] = {}

    def add(self, kind: Kind, flaw: str, name: str) -> None:
        """Note that the file ``name`` is ``flaw`` (missing, …)."""
        self._names.setdefault((kind, flaw), []).append(name)

    def of(self, kind: Kind) -> str:
        """Tell what the files of a kind are, as far as any was added."""
        return " or ".join(dict.fromkeys(flaw for each, flaw in self._names if each == kind))

    def warnings(self) -> tuple[str, ...]:
        return tuple(
            f"{kind.counted(len(names))} {flaw}: {', '.join(names)}"
            for (kind, flaw), names in self._names.items()
        )
