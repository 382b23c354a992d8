"""Scenes of a layer that could not be read: what reading tells of them."""

from dataclasses import dataclass

from function.errors import (
    ArchiveDeniedError,
    ArchiveThrottledError,
    ArchiveUnavailableError,
    SceneUnreadableError,
)

# These are no fault of a scene: another one would fail in the same way, and burden the archive. One
# that lets a single file not be read cannot be told from one that denies access to all.
_OF_ARCHIVE = (ArchiveThrottledError, ArchiveUnavailableError, ArchiveDeniedError)


@dataclass(frozen=True, slots=True)
class Unread:
    """What scenes failed with, by name; a scene fails twice where parts of it do differently.

    ``read`` tells whether any scene could be read, though it may have given no pixel.
    """

    failures: tuple[tuple[str, SceneUnreadableError], ...] = ()
    read: bool = False

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(f"{name}: {error}" for name, error in self.failures)

    @property
    def notes(self) -> tuple[str, ...]:
        """What an operator should know of the failures and a client should not, each once."""
        notes = (note for _, error in self.failures for note in getattr(error, "__notes__", ()))
        return tuple(dict.fromkeys(notes))

    @property
    def of_scenes(self) -> bool:
        """Whether any scene failed for what it is, so that another may do in its place."""
        return any(not isinstance(error, _OF_ARCHIVE) for _, error in self.failures)

    def joined(self, other: "Unread") -> "Unread":
        """This and what ``other`` scenes of the layer failed with."""
        return Unread((*self.failures, *other.failures), self.read or other.read)

    def check(self, layer: str) -> None:
        """Raise where scenes failed and none could be read, for ``layer`` cannot be made then.

        Raises:
            SceneUnreadableError: of the kind that all failed with.
        """
        if self.read or not self.failures:
            return
        kinds = {type(error) for _, error in self.failures}
        kind = kinds.pop() if len(kinds) == 1 else SceneUnreadableError
        scenes = len({name for name, _ in self.failures})
        if scenes == 1:
            raise kind(f"no scene of layer {layer} could be read: {self.warnings[0]}")
        raise kind(
            f"none of {scenes} scenes of layer {layer} could be read, the first: {self.warnings[0]}"
        )
