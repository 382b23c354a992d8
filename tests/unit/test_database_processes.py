"""A process id recorded in postmaster.pid counts only while it is a server's of these files."""

import os
from pathlib import Path

from function.database.processes import postmaster_process, server_processes


def process(proc: Path, number: int, name: str, directory: Path) -> None:
    entry = proc / str(number)
    entry.mkdir(parents=True)
    (entry / "comm").write_text(f"{name}\n")
    (entry / "cwd").symlink_to(directory)


def test_only_postgres_in_the_data_directory_counts(tmp_path: Path) -> None:
    proc, data = tmp_path / "proc", tmp_path / "data"
    process(proc, 11, "postgres", data)
    process(proc, 12, "postgres", data)
    process(proc, 13, "bash", data)
    process(proc, 14, "postgres", tmp_path / "another")
    (proc / "15").mkdir()  # gone between the listing and the look
    (proc / "self").symlink_to(proc / "11")
    assert server_processes(data, proc) == {11, 12}


def test_a_recorded_process_that_is_somebody_else_is_no_postmaster(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path}\n")
    assert postmaster_process(tmp_path) is None


def test_no_record_or_a_half_written_one_is_no_postmaster(tmp_path: Path) -> None:
    assert postmaster_process(tmp_path) is None
    (tmp_path / "postmaster.pid").touch()
    assert postmaster_process(tmp_path) is None
