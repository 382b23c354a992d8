"""Files without a name, also where the system refuses one in memory."""

import errno
import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Never

import pytest

from function import composition
from function.settings import Settings
from function.shared_file import SharedFileError, unnamed_file


@contextmanager
def opened() -> Iterator[int]:
    file = unnamed_file("test")
    try:
        yield file
    finally:
        os.close(file)


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Refuse memfd_create(2) as a seccomp profile does; give the place of temporary files."""

    def refuse(_name: str) -> Never:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "memfd_create", refuse)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def check(file: int) -> None:
    """Every file is empty, can be written, and is not passed on to other programs."""
    assert os.fstat(file).st_size == 0
    assert os.fstat(file).st_nlink == 0
    assert not os.get_inheritable(file)
    assert os.pwrite(file, b"x", 4095) == 1
    assert os.pread(file, 4096, 0) == bytes(4095) + b"x"


def test_a_file_is_in_memory_and_has_no_name() -> None:
    with opened() as file, opened() as other:
        check(file)
        assert str(Path(f"/proc/self/fd/{file}").readlink()).startswith("/memfd:sentinel-ows-test")
        assert os.fstat(other).st_size == 0


def test_where_that_is_refused_it_is_a_temporary_file_in_no_directory(refused: Path) -> None:
    with opened() as file, opened() as other:
        check(file)
        assert str(Path(f"/proc/self/fd/{file}").readlink()).startswith(str(refused))
        assert os.fstat(other).st_size == 0
        assert not [*refused.iterdir()]


def test_processes_share_turns_and_counts_all_the_same() -> None:
    program = """
        import os, signal
        def refuse(name):
            raise PermissionError(1, "Operation not permitted")
        os.memfd_create = refuse
        from function.deadline import Deadline
        from function.telemetry.shared_counts import SharedCounts
        from function.turns import Turns
        turns, counts = Turns(1), SharedCounts()
        told, tell = os.pipe()
        child = os.fork()
        if not child:
            counts.take(1)
            counts.add(b"key", 1, {0: 2}, b"spare")
            with turns.take(Deadline.after(0)):
                os.write(tell, b"x")
                signal.pause()
        os.read(told, 1)
        print(turns._try())
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        print(turns._try())
        counts.add(b"key", 1, {0: 1}, b"spare")
        print(counts.totals())
        """
    output = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
    ).stdout
    assert output.splitlines() == ["None", "0", "{b'key': [3.0]}"]


def test_whoever_starts_the_service_is_told_what_to_allow(
    refused: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(refused / "missing"))
    with pytest.raises(SharedFileError, match=r"memfd_create .*seccomp.*TMPDIR"):
        composition.compose(Settings(database_url="postgresql://nobody@localhost/nothing"))
