"""Where the private cluster lies when its own directory will not do."""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from function.database.account import server_account
from function.database.cluster import ClusterState, PrivateCluster
from function.database.place import SOCKET, SOCKET_PATH_LIMIT, PlaceError, find_place, make_place


@pytest.fixture
def passable() -> Iterator[Path]:
    """A directory that the server's account can pass, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="sentinel-ows-") as directory:
        Path(directory).chmod(0o711)
        yield Path(directory)


def serves(state_dir: Path) -> bool:
    cluster = PrivateCluster(state_dir)
    cluster.start()
    try:
        with psycopg.connect(cluster.url) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        cluster.stop()


def test_it_lies_in_the_state_directory_for_its_account_alone(passable: Path) -> None:
    place = make_place(passable)
    assert place == passable / "database"
    assert find_place(passable) == place
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert place.stat().st_uid == server_account().uid != 0


def test_a_path_too_long_for_a_socket_moves_it_elsewhere(passable: Path) -> None:
    state_dir = passable / ("a" * 100)
    elsewhere = passable / "elsewhere"
    place = make_place(state_dir, elsewhere)
    assert place.parent == elsewhere
    assert find_place(state_dir) == place == make_place(state_dir, passable / "not this time")
    assert serves(state_dir)


def test_the_longest_path_that_a_socket_takes_is_used(passable: Path) -> None:
    taken = len(os.fsencode(passable / "x" / "database" / SOCKET)) - 1
    state_dir = passable / ("x" * (SOCKET_PATH_LIMIT - taken))
    assert make_place(state_dir, passable / "elsewhere") == state_dir / "database"
    assert serves(state_dir)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root steps down to another account")
def test_a_directory_that_the_account_cannot_reach_moves_it_elsewhere(passable: Path) -> None:
    state_dir = passable / "closed" / "state"
    state_dir.mkdir(parents=True)
    (passable / "closed").chmod(0o700)
    place = make_place(state_dir, passable / "elsewhere")
    assert place.parent == passable / "elsewhere"
    assert (state_dir / "database").readlink() == place
    assert serves(state_dir)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root steps down to another account")
def test_a_strict_umask_does_not_shut_the_account_out(passable: Path) -> None:
    before = os.umask(0o077)
    try:
        place = make_place(passable / "state", passable / "elsewhere")
    finally:
        os.umask(before)
    assert place.parent == passable / "elsewhere"
    assert serves(passable / "state")


def test_each_state_directory_has_a_place_of_its_own_elsewhere(passable: Path) -> None:
    states = [passable / (letter * 100) for letter in "ab"]
    assert len({make_place(state, passable / "elsewhere") for state in states}) == 2


def test_nowhere_to_lie_is_told(passable: Path) -> None:
    state_dir = passable / ("a" * 100)
    with pytest.raises(PlaceError, match="cannot use"):
        make_place(state_dir, passable / ("b" * 100))


def test_any_character_may_be_in_the_path(passable: Path) -> None:
    state_dir = passable / "it's 100% a?b&c=d#e $HOME `ü`\\"
    assert serves(state_dir)
    assert find_place(state_dir) == state_dir / "database"


def test_a_comma_which_separates_hosts_moves_it_elsewhere(passable: Path) -> None:
    place = make_place(passable / "a,b", passable / "elsewhere")
    assert place.parent == passable / "elsewhere"
    assert serves(passable / "a,b")


def test_a_state_directory_behind_a_link_is_the_same_cluster(passable: Path) -> None:
    (passable / "real").mkdir()
    (passable / "link").symlink_to(passable / "real")
    through_link = PrivateCluster(passable / "link")
    assert through_link.start()
    try:
        assert PrivateCluster(passable / "real").status() is ClusterState.RUNNING
        assert not PrivateCluster(passable / "real").start()
    finally:
        through_link.stop()
