"""Where products come from: each source gives candidates, some at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from function.errors import OperatorError, SceneUnreadableError, with_notes
from function.ingest.candidate import Candidate, directory_fingerprint, manifest_fingerprint
from function.ingest.discovery import discover
from function.ingest.readers import Readers
from function.ingest.remote_files import RemoteArchive
from function.scenes.access.address import is_remote


class SourceUnreachableError(OperatorError):
    """A source cannot be reached or read; the message says why."""


class Source(Protocol):
    """Gives its candidates anew each time that it is asked."""

    @property
    def label(self) -> str: ...

    def count(self) -> int | None:
        """Tell how many there are, as far as that costs little; None where it does not."""

    def chunks(self) -> Iterator[Sequence[Candidate]]:
        """Give candidates; those of a chunk are written together.

        Raises SourceUnreachableError, also after some.
        """


@dataclass(frozen=True, slots=True)
class ProductDirectories:
    """Products at or below a directory, on disk or in a bucket; each is a chunk of its own."""

    label: str
    archive: RemoteArchive
    readers: Readers

    def count(self) -> int | None:
        if is_remote(self.label):
            return None
        return sum(1 for _ in discover(self.label, self.archive))

    def chunks(self) -> Iterator[Sequence[Candidate]]:
        try:
            for address in discover(self.label, self.archive):
                yield [self._candidate(address.href)]
        except SceneUnreadableError as error:
            raise SourceUnreachableError(with_notes(error)) from error

    def _candidate(self, href: str) -> Candidate:
        fingerprint = (
            partial(manifest_fingerprint, href, self.archive)
            if is_remote(href)
            else partial(directory_fingerprint, Path(href))
        )
        return Candidate(
            href, fingerprint, partial(self.readers.read_directory, href), indexed=True
        )
