"""What became of products, one by one and in all."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """What became of a product."""

    NEW = "new"
    UNCHANGED = "unchanged"
    UPDATED = "updated"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Ingested:
    """One product's outcome: ``warnings`` where it is partial, ``reason`` where it is not held.

    ``superseding`` tells that an older generation gave way to it, ``superseded`` that a newer one
    was there before. ``indexed`` counts the files whose codestream index was made or made anew.
    ``unfit`` names, by the reason, those that cannot have one and are read through GDAL.
    """

    product: str
    outcome: Outcome
    warnings: tuple[str, ...] = ()
    reason: str | None = None
    superseding: bool = False
    superseded: bool = False
    indexed: int = 0
    unfit: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


# Products by what became of them, then image files: those whose codestream index was made, and
# those that cannot have one.
COUNTED = (*Outcome, "superseding", "superseded", "partial", "indexed", "unfit")
# Reasons that a summary tells: what goes wrong often has few.
REASONS = 10


class Tally:
    """Counts what became of products."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()

    def add(self, ingested: Ingested) -> None:
        self._counts[ingested.outcome] += 1
        self._counts["superseding"] += ingested.superseding
        self._counts["superseded"] += ingested.superseded
        self._counts["partial"] += bool(ingested.warnings)
        self._counts["indexed"] += ingested.indexed
        self._counts["unfit"] += sum(map(len, ingested.unfit.values()))
        if ingested.reason is not None:
            self._reasons[ingested.reason] += 1
            if len(self._reasons) > 2 * REASONS:
                self._reasons = Counter(dict(self._reasons.most_common(REASONS)))

    def __getitem__(self, name: str) -> int:
        return self._counts[name]

    @property
    def counts(self) -> dict[str, int]:
        """Every figure, in the order in which it is told."""
        return {name: self._counts[name] for name in COUNTED}

    @property
    def reasons(self) -> dict[str, int]:
        """The reasons that were given most often, and how often."""
        return dict(self._reasons.most_common(REASONS))
