"""Where Debian's packages put the programs of PostgreSQL, one directory a major version."""

from dataclasses import dataclass
from pathlib import Path

from function.errors import OperatorError

PROGRAMS = Path("/usr/lib/postgresql")
SHARED_FILES = Path("/usr/share/postgresql")


class ProgramsMissingError(OperatorError):
    """No PostgreSQL that the cluster could run with is installed."""


@dataclass(frozen=True, slots=True)
class Programs:
    """One major version's programs, as ``/usr/lib/postgresql/15/bin``."""

    version: int
    directory: Path

    def path(self, program: str) -> str:
        return str(self.directory / program)


def find_programs(
    version: int | None = None, programs: Path = PROGRAMS, shared_files: Path = SHARED_FILES
) -> Programs:
    """Find the newest major version that has PostGIS, or exactly ``version``.

    A cluster runs with the version that made it and no other: its files differ from version to
    version.

    Raises:
        ProgramsMissingError: there is none; the message names the packages.
    """
    installed = {
        int(directory.name): Programs(int(directory.name), directory / "bin")
        for directory in programs.glob("[0-9]*")
        if directory.name.isdigit()
        and (directory / "bin" / "postgres").exists()
        and (shared_files / directory.name / "extension" / "postgis.control").exists()
    }
    if version is None and installed:
        return installed[max(installed)]
    if version in installed:
        return installed[version]
    if version is None:
        raise ProgramsMissingError(
            f"no PostgreSQL with PostGIS under {programs}:"
            " install the packages postgresql and postgresql-postgis"
        )
    found = ", ".join(str(other) for other in sorted(installed)) or "none"
    raise ProgramsMissingError(
        f"the database was made by PostgreSQL {version}, which is not installed with PostGIS"
        f" (found: {found}): install postgresql-{version}-postgis-3,"
        " or remove the database and ingest again"
    )
