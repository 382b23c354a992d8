"""Finding the codestream index of a file: in memory, in the catalogue, or in the file itself."""

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from function.codestream_record import CodestreamRecord
from function.deadline import Deadline
from function.errors import ArchiveUnavailableError, SceneUnreadableError
from function.scene import Asset
from function.scenes.gdal import file_name
from function.scenes.jpeg2000.byte_source import ByteSource
from function.scenes.jpeg2000.cache import ByteBoundedCache
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.errors import CodestreamError
from function.scenes.jpeg2000.index_record import IndexedFile, index_file, read_record, state_of

# Beside its packed blocks an index holds its parsed main header.
INDEX_OVERHEAD = 4096


class IndexStore(Protocol):
    """Keeps indexes beyond this process; called by many threads at once, and never fails."""

    def load(self, assets: Collection[Asset]) -> Mapping[str, CodestreamRecord]:
        """Give, by href, what is kept of ``assets``."""
        ...

    def keep(self, asset: Asset, record: CodestreamRecord) -> None:
        """Keep what was made of an asset's file."""
        ...


class NoStore:
    """Where no index outlives the process."""

    def load(self, _assets: Collection[Asset]) -> Mapping[str, CodestreamRecord]:
        return {}

    def keep(self, _asset: Asset, _record: CodestreamRecord) -> None:
        return None


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """What is known of a file; nothing, where ``file`` is None."""

    file: IndexedFile | None

    @property
    def size(self) -> int:
        index = self.file.index if self.file else None
        return INDEX_OVERHEAD + sum(map(len, index.blocks if index else ()))


class _GivenUpError(Exception):
    """Who was to make an index did not come to it: whoever waits for it makes it."""


class IndexLibrary:
    """The indexes of the files in use, up to ``kept_bytes``; shared by threads.

    What is neither kept here nor in ``store`` is made of the file, once for all who ask at the
    same time, and kept in both.
    """

    def __init__(self, store: IndexStore, kept_bytes: int) -> None:
        self._store = store
        self._entries: ByteBoundedCache[str, _Entry] = ByteBoundedCache(
            kept_bytes, lambda entry: entry.size
        )

    def load(self, assets: Iterable[Asset], counts: DecodingCounts) -> None:
        """Get what the store has of ``assets`` and is not at hand, all at once."""
        claimed = [
            asset
            for asset in {asset.href: asset for asset in assets}.values()
            if self._entries.claim(asset.href).to_make
        ]
        if not claimed:
            return
        try:
            entries = self._read_store(claimed, counts)
        except BaseException as error:
            for asset in claimed:
                self._entries.abandon(asset.href, error)
            raise
        for asset in claimed:
            self._entries.keep(asset.href, entries[asset.href])

    def known(self, asset: Asset, deadline: Deadline, counts: DecodingCounts) -> IndexedFile | None:
        """Give what is known of an asset's file without asking it; it may have been replaced.

        Nothing is where another thread asks the file in vain, or for longer than there is time.
        """
        try:
            return self._load_one(asset, deadline, counts).file
        except SceneUnreadableError:
            return None

    def find(
        self, asset: Asset, source: ByteSource, deadline: Deadline, counts: DecodingCounts
    ) -> IndexedFile:
        """Find the index of an asset's file as it is now; ``source`` reads it.

        Raises CodestreamError where it has to be made and the file is damaged,
        ArchiveUnavailableError where another thread makes it until the deadline passes.
        """
        entry = self._load_one(asset, deadline, counts)
        if entry.file is not None and entry.file.state == state_of(source):
            return entry.file
        return self._make(asset, source, entry, deadline, counts)

    def doubt(
        self,
        asset: Asset,
        source: ByteSource,
        doubted: IndexedFile,
        deadline: Deadline,
        counts: DecodingCounts,
    ) -> IndexedFile | None:
        """Make the index of a file anew that does not match the one which was found.

        None where that one was made of the file itself, or is no other: then it is the file that
        is damaged. Raises what ``find`` does.
        """
        if doubted.trusted:
            return None
        entry = self._load_one(asset, deadline, counts)
        try:
            if entry.file is doubted:
                made = self._make(asset, source, entry, deadline, counts)
            else:
                # Another thread doubted it too, and was faster.
                made = self.find(asset, source, deadline, counts)
        except CodestreamError:
            # The rest of a damaged file can still be read by it, and there is no other to be had.
            self._get(asset, lambda: _Entry(replace(doubted, trusted=True)), deadline)
            raise
        return None if made.equals(doubted) else made

    def _load_one(self, asset: Asset, deadline: Deadline, counts: DecodingCounts) -> _Entry:
        return self._get(asset, lambda: self._read_store([asset], counts)[asset.href], deadline)

    def _get(self, asset: Asset, make: Callable[[], _Entry], deadline: Deadline) -> _Entry:
        """Give an entry, made by ``make`` where there is none and no other thread makes one."""
        while True:
            with suppress(_GivenUpError):
                try:
                    return self._entries.get(asset.href, make, max(0.0, deadline.remaining()))
                except TimeoutError as error:
                    raise _not_in_time(asset) from error

    def _read_store(self, assets: Collection[Asset], counts: DecodingCounts) -> dict[str, _Entry]:
        records = self._store.load(assets)
        files = {href: read_record(record) for href, record in records.items()}
        counts.add(indexes_loaded=sum(file is not None for file in files.values()))
        return {asset.href: _Entry(files.get(asset.href)) for asset in assets}

    def _make(
        self,
        asset: Asset,
        source: ByteSource,
        outdated: _Entry,
        deadline: Deadline,
        counts: DecodingCounts,
    ) -> IndexedFile:
        """Make an index in the place of ``outdated``, unless another thread does already."""
        self._entries.discard(asset.href, outdated)
        while not (claim := self._entries.claim(asset.href)).to_make:
            with suppress(_GivenUpError):
                try:
                    entry = claim.future.result(max(0.0, deadline.remaining()))
                except TimeoutError as error:
                    raise _not_in_time(asset) from error
                if entry.file is not None and entry.file.state == state_of(source):
                    return entry.file
                # The file was replaced meanwhile; whoever opens it next sees to its index.
                return _index(source, counts)
        try:
            made = _index(source, counts)
        except CodestreamError as error:
            self._entries.abandon(asset.href, error)
            raise
        except BaseException:
            # What failed may be this thread's time or network.
            self._entries.abandon(asset.href, _GivenUpError())
            raise
        self._entries.keep(asset.href, _Entry(made))
        self._store.keep(asset, made.to_record())
        return made


def _not_in_time(asset: Asset) -> ArchiveUnavailableError:
    return ArchiveUnavailableError(f"{file_name(asset.href)} was not indexed in time")


def _index(source: ByteSource, counts: DecodingCounts) -> IndexedFile:
    counts.add(indexes_built=1)
    return index_file(source)
