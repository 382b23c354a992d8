"""Files without a name, for what processes share."""

import os
import tempfile

from function.errors import OperatorError


class SharedFileError(OperatorError):
    """The system gives no file without a name."""


def unnamed_file(purpose: str) -> int:
    """Give the descriptor of an empty file that only this process has, and those it forks.

    It is in memory (memfd_create(2)). Where that system call is refused, as a strict seccomp
    profile may, it is a temporary file that is in no directory. Raises SharedFileError where that
    cannot be had either.
    """
    try:
        return os.memfd_create(f"sentinel-ows-{purpose}")
    except OSError as refused:
        try:
            with tempfile.TemporaryFile() as file:
                return os.dup(file.fileno())
        except OSError as error:
            raise SharedFileError(
                "processes cannot share anything: the system call memfd_create is refused"
                f" ({refused.strerror}), and there is no temporary file instead"
                f" ({error.strerror}). Allow one of them: the call by the seccomp profile,"
                " the file by a TMPDIR that can be written"
            ) from error
