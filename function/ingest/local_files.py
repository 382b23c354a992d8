"""The files of a product on disk."""

from pathlib import Path, PurePosixPath

from function.ingest.errors import BrokenMetadataError
from function.untrusted_xml import MAX_BYTES


class LocalFiles:
    """The files under the directory ``root``."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    @property
    def name(self) -> str:
        return self._root.name

    def href(self, path: PurePosixPath) -> str:
        return str(self._root / path)

    def read(self, path: PurePosixPath) -> bytes | None:
        try:
            with (self._root / path).open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise BrokenMetadataError(f"{path.name} cannot be read: {error.strerror}") from error
        if len(content) > MAX_BYTES:
            raise BrokenMetadataError(f"{path.name} is larger than {MAX_BYTES} bytes")
        return content

    def flaw(self, path: PurePosixPath, size: int | None) -> str | None:
        try:
            held = (self._root / path).stat().st_size
        except OSError:
            return "missing"
        return "cut short" if size is not None and held < size else None
