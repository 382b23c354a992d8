"""How many files may be open, and how many clients connected."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from function.command.open_files import ENOUGH, allow_open_files, client_connections


@pytest.mark.parametrize(
    ("open_files", "connections"),
    [(ENOUGH, 1000), (1300, 1000), (1024, 724), (600, 300), (256, 64), (64, 16)],
)
def test_clients_leave_room_for_other_files(open_files: int, connections: int) -> None:
    assert client_connections(open_files) == connections


@pytest.mark.parametrize(
    ("soft", "hard", "allowed"),
    [(256, 512, 512), (512, 512, 512), (1024, ENOUGH + 1, ENOUGH), (ENOUGH + 1, ENOUGH + 1, None)],
)
def test_the_limit_is_raised_as_far_as_it_may_be(
    soft: int, hard: int, allowed: int | None, repository: Path
) -> None:
    if hard > resource.getrlimit(resource.RLIMIT_NOFILE)[1]:
        pytest.skip("this machine does not allow for so many open files")
    code = (
        "import resource\n"
        "from function.command.open_files import allow_open_files\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))\n"
        "print(allow_open_files(), *resource.getrlimit(resource.RLIMIT_NOFILE))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True
    )
    expected = allowed or soft
    assert done.stdout.split() == [str(expected), str(expected), str(hard)]


@pytest.mark.parametrize("refusal", [OSError(1, "not permitted"), ValueError("not allowed")])
def test_where_it_may_not_be_raised_it_stays(
    monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    def refuse(*_: object) -> None:
        raise refusal

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 512))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert allow_open_files() == 256
