"""What can go wrong with a read over the network, by name, and whether another try may help."""

import re
from dataclasses import dataclass

from obstore.exceptions import (
    BaseError,
    InvalidPathError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from function.errors import (
    ArchiveDeniedError,
    ArchiveThrottledError,
    ArchiveUnavailableError,
    SceneUnreadableError,
)

# obstore tells a status in the text of its errors alone.
STATUS = re.compile(r"status code: (\d{3})")
# S3's codes for "too fast", which come with status 503 or 429, and one that comes with 400.
THROTTLING = re.compile(
    r"<Code>\s*(?:SlowDown|SlowDownRead|RequestLimitExceeded|Throttl\w+|TooManyRequests\w*)\s*<"
)
TOO_MANY_REQUESTS, SERVER_ERROR, OVERLOADED = 429, 500, 503
# obstore asks for nothing but parts of files, by GET: anything else was for credentials.
CREDENTIALS = re.compile(
    r"Error performing (?:PUT|POST)|Error performing GET \S*/(?:meta-data|v2/credentials)/"
)
TIMED_OUT = re.compile("TimedOut|timed out")
# What else obstore says, what that means, and whether it may pass.
WITHOUT_STATUS = (
    (re.compile("non-partial response|Range request not supported"), "gives no parts of it", False),
    (re.compile(r"Requested \d+\.\.\d+, got"), "gave another part of it", True),
    (re.compile("response body error"), "broke off", True),
)


class FileReplacedError(SceneUnreadableError):
    """The file is in another state than the one that was asked for."""


class FileMissingError(SceneUnreadableError):
    """The archive has no such file."""


class FileTooLargeError(SceneUnreadableError):
    """The file is larger than what may be read at once."""


class NoSuchRangeError(Exception):
    """The file ends before the bytes that were asked for."""


class AnotherPartError(Exception):
    """The answer has not as many bytes as the part that it says it is; it is told as by obstore."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A read that failed: its name, and whether it is worth another try (``passing``).

    ``silent`` is one that ended for want of an answer.
    """

    error: Exception
    passing: bool = False
    throttled: bool = False
    silent: bool = False


def check_size(size: int, most_bytes: int, name: str) -> None:
    """Raise FileTooLargeError for a file of more than ``most_bytes``."""
    if size > most_bytes:
        raise FileTooLargeError(f"{name} has {size} bytes, more than {most_bytes}")


def unanswered(name: str) -> ArchiveUnavailableError:
    """Name a read of the file ``name`` that was waited for in vain."""
    return _unavailable(name, "did not answer in time")


def name_failure(error: Exception, name: str) -> Failure:
    """Name what obstore raised while it read the file ``name``; what is not its stays as it is."""
    failure = _name(error, name)
    if failure.error is not error:
        failure.error.__cause__ = error
    return failure


def _name(error: Exception, name: str) -> Failure:
    match error:
        case FileNotFoundError():
            return Failure(_absent(name))
        case PreconditionError():
            return Failure(FileReplacedError(f"{name} was replaced in the archive"))
        case PermissionDeniedError() | UnauthenticatedError():
            return Failure(_denied(name))
        case InvalidPathError():
            return Failure(SceneUnreadableError(f"{name} holds what has no proper path"))
        case BaseError() | AnotherPartError():
            return _name_by_text(str(error), name)
    return Failure(error)


def _name_by_text(text: str, name: str) -> Failure:
    found = STATUS.search(text)
    status = int(found[1]) if found else None
    if CREDENTIALS.search(text):
        return Failure(ArchiveDeniedError(f"there are no credentials to read {name} with"))
    if status == TOO_MANY_REQUESTS or THROTTLING.search(text):
        throttled = ArchiveThrottledError(f"the archive of {name} allows no more reads for now")
        return Failure(throttled, passing=True, throttled=True)
    if status is not None:
        return _name_by_status(status, name)
    if TIMED_OUT.search(text):
        return Failure(unanswered(name), passing=True, silent=True)
    for pattern, told, passing in WITHOUT_STATUS:
        if pattern.search(text):
            return Failure(_unavailable(name, told), passing)
    return Failure(_unavailable(name, "cannot be reached"), passing=True)


def _name_by_status(status: int, name: str) -> Failure:
    match status:
        case 416:
            return Failure(NoSuchRangeError(name))
        # Of a listing these have no exceptions of their own.
        case 404:
            return Failure(_absent(name))
        case 401 | 403:
            return Failure(_denied(name))
    error = _unavailable(name, f"answered with status {status}")
    # Many a store says nothing else where it would have fewer reads: each is paused for as long.
    return Failure(error, passing=status >= SERVER_ERROR, throttled=status == OVERLOADED)


def _absent(name: str) -> FileMissingError:
    return FileMissingError(f"{name} is not in the archive")


def _denied(name: str) -> ArchiveDeniedError:
    return ArchiveDeniedError(f"the archive does not let {name} be read")


def _unavailable(name: str, what: str) -> ArchiveUnavailableError:
    return ArchiveUnavailableError(f"the archive of {name} {what}")
