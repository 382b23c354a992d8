"""What the catalogue holds as a whole: which version of it, and what each collection spans."""

from datetime import UTC

from psycopg.rows import TupleRow

from function.search import CatalogueState, CloudStatistics, CollectionExtent

STATE = """
SELECT
    held.collection, held.version, west, south, east, north, first_acquired, last_acquired,
    scene_count, cloud_known, cloud_mean, cloud_least, cloud_most, cloud_histogram
FROM collection_versions AS held
LEFT JOIN collections AS spanned ON held.collection = spanned.collection
"""


def read_state(rows: list[TupleRow]) -> CatalogueState:
    """Restore what ``STATE`` gives; a collection without scenes has a version all the same."""
    versions = {row[0]: row[1] for row in rows}
    extents = {row[0]: _extent(row) for row in rows if row[2] is not None}
    # Of numbers that only grow, so does the sum: it differs when one of them does.
    return CatalogueState(
        f"{sum(versions.values()):x}",
        {collection: f"{version:x}" for collection, version in versions.items()},
        extents,
    )


def _extent(row: TupleRow) -> CollectionExtent:
    collection, _, west, south, east, north, first, last, count, *clouds = row
    known, mean, least, most, histogram = clouds
    return CollectionExtent(
        collection,
        west,
        south,
        east,
        north,
        # The session may have another time zone: it is the operator's, or a pooler's.
        first.astimezone(UTC),
        last.astimezone(UTC),
        count,
        CloudStatistics(known, mean, least, most, tuple(histogram)) if known else None,
    )
