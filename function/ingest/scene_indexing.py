"""Makes the codestream indexes of a scene's files, as far as the catalogue does not hold them."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from function.codestream_record import CodestreamRecord, KnownCodestream
from function.errors import SceneUnreadableError, with_notes
from function.ingest.reading import IMAGES
from function.scene import Asset, Scene
from function.scenes.jpeg2000.byte_source import ByteSource
from function.scenes.jpeg2000.index import VERSION
from function.scenes.jpeg2000.index_record import index_file, state_of

OpenSource = Callable[[str], AbstractContextManager[ByteSource]]
Found = CodestreamRecord | KnownCodestream | SceneUnreadableError


@dataclass(frozen=True, slots=True)
class IndexedScene:
    """The indexes that were ``made``, by the places of their files among the scene's assets.

    ``unfit`` names, by the reason, the files that cannot be read packet by packet, also those that
    were known to be. ``warnings`` tell of files that are damaged or cannot be reached.
    """

    made: Mapping[int, CodestreamRecord]
    unfit: Mapping[str, tuple[str, ...]]
    warnings: tuple[str, ...]


class SceneIndexer:
    """Indexes several files at once on ``executor``; ``open_source`` opens one by its href."""

    def __init__(self, open_source: OpenSource, executor: Executor) -> None:
        self._open_source = open_source
        self._executor = executor

    def index(self, scene: Scene, known: Mapping[int, KnownCodestream]) -> IndexedScene:
        """Index every file of ``scene`` but those of which ``known`` still holds."""
        found = dict(
            enumerate(
                self._executor.map(
                    self._index_asset,
                    scene.assets,
                    (known.get(place) for place in range(len(scene.assets))),
                )
            )
        )
        made = {place: each for place, each in found.items() if isinstance(each, CodestreamRecord)}
        name = partial(_file_name, scene)
        unfit = _names_by_reason(
            (each.unfit, name(place))
            for place, each in found.items()
            if not isinstance(each, SceneUnreadableError) and each.unfit is not None
        )
        flaws = _names_by_reason(
            (with_notes(each), name(place))
            for place, each in found.items()
            if isinstance(each, SceneUnreadableError)
        )
        warnings = tuple(
            f"{IMAGES.counted(len(names))} not indexed: {', '.join(names)}: {flaw}"
            for flaw, names in flaws.items()
        )
        return IndexedScene(made, unfit, warnings)

    def _index_asset(self, asset: Asset, known: KnownCodestream | None) -> Found:
        try:
            with self._open_source(asset.href) as source:
                if known is not None and _holds(known, asset, source):
                    return known
                return index_file(source).to_record()
        except SceneUnreadableError as error:
            return error


def _holds(known: KnownCodestream, asset: Asset, source: ByteSource) -> bool:
    """Tell whether an index is of the file as it is now, in a format that is not outdated."""
    return known.href == asset.href and known.version >= VERSION and known.state == state_of(source)


def _file_name(scene: Scene, place: int) -> str:
    return PurePosixPath(scene.assets[place].href).name


def _names_by_reason(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    names: dict[str, tuple[str, ...]] = {}
    for reason, name in pairs:
        names[reason] = (*names.get(reason, ()), name)
    return names
