"""The codestream index of a file as the catalogue keeps it: made, and read back."""

from dataclasses import dataclass

from function.codestream_record import CodestreamRecord, FileState
from function.scenes.jpeg2000.byte_source import ByteSource
from function.scenes.jpeg2000.errors import UnfitCodestreamError
from function.scenes.jpeg2000.index import VERSION, CodestreamIndex, IndexFormatError
from function.scenes.jpeg2000.index_building import build_index


@dataclass(frozen=True, slots=True, eq=False)
class IndexedFile:
    """The index of one state of a file; without one, ``unfit`` tells why there is none.

    ``trusted`` where it was made of the file itself, not read from a record of it.
    """

    state: FileState
    index: CodestreamIndex | None
    unfit: str
    trusted: bool

    def equals(self, other: "IndexedFile") -> bool:
        """Tell whether both read a file alike."""
        if self.index is None or other.index is None:
            return self.unfit == other.unfit
        return (
            self.index.header.kept == other.index.header.kept
            and self.index.blocks == other.index.blocks
        )

    def to_record(self) -> CodestreamRecord:
        packets = None if self.index is None else self.index.to_bytes()
        return CodestreamRecord(VERSION, self.state, packets, self.unfit or None)


def state_of(source: ByteSource) -> FileState:
    """Tell which state of its file ``source`` reads."""
    _, size, stamp = source.identity
    return FileState(size, stamp)


def index_file(source: ByteSource) -> IndexedFile:
    """Index a file from its own headers.

    Raises CodestreamError where the file is damaged, SceneUnreadableError where it cannot be
    reached.
    """
    state = state_of(source)
    try:
        return IndexedFile(state, build_index(source), "", trusted=True)
    except UnfitCodestreamError as error:
        return IndexedFile(state, None, str(error), trusted=True)


def read_record(record: CodestreamRecord) -> IndexedFile | None:
    """Read what ``to_record`` made; None for another version's, or what is no record at all."""
    if record.version != VERSION:
        return None
    if record.packets is None:
        return IndexedFile(record.state, None, record.unfit or "", trusted=False)
    try:
        index = CodestreamIndex.from_bytes(record.packets)
    except IndexFormatError:
        return None
    return IndexedFile(record.state, index, "", trusted=False)
