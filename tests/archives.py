"""Archives to read test files from."""

from function.scenes.access.archive import AccessLimits, Archive


def local_archive() -> Archive:
    """An archive of which local files alone are read."""
    return Archive(AccessLimits(connections=1, timeout=60.0, tries=1, kept_bytes=0))
