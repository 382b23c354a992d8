"""Which of the installed PostgreSQL versions the private cluster runs with."""

from pathlib import Path

import pytest

from function.database.programs import ProgramsMissingError, find_programs


def install(root: Path, version: int, *, with_postgis: bool = True) -> None:
    programs = root / "lib" / str(version) / "bin"
    programs.mkdir(parents=True)
    (programs / "postgres").touch()
    extensions = root / "share" / str(version) / "extension"
    extensions.mkdir(parents=True)
    if with_postgis:
        (extensions / "postgis.control").touch()


def find(root: Path, version: int | None = None) -> tuple[int, Path]:
    found = find_programs(version, root / "lib", root / "share")
    return found.version, found.directory


def test_the_newest_version_counts_by_number(tmp_path: Path) -> None:
    for version in (9, 15, 17):
        install(tmp_path, version)
    assert find(tmp_path) == (17, tmp_path / "lib" / "17" / "bin")


def test_a_version_without_postgis_does_not_count(tmp_path: Path) -> None:
    install(tmp_path, 15)
    install(tmp_path, 17, with_postgis=False)
    assert find(tmp_path)[0] == 15


def test_an_existing_cluster_gets_the_version_that_made_it(tmp_path: Path) -> None:
    install(tmp_path, 15)
    install(tmp_path, 17)
    assert find(tmp_path, 15)[0] == 15


def test_a_cluster_of_a_version_that_is_gone_says_what_to_install(tmp_path: Path) -> None:
    install(tmp_path, 17)
    with pytest.raises(ProgramsMissingError, match=r"made by PostgreSQL 15.*found: 17.*15-postgis"):
        find(tmp_path, 15)


def test_nothing_installed_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ProgramsMissingError, match="install the packages postgresql and"):
        find(tmp_path)
