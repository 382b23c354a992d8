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
NO_BUCKET = "<Code>NoSuchBucket</Code>"
# Of what obstore tells, what an operator needs: not the path, nor the query, which may be a
# signature. The cause stands innermost in the structure that it prints.
HOST = re.compile(r"Error performing \w+ \w+://(?:[^\s/?@]*@)?([^\s/?]+)")
CODE = re.compile(r"<Code>(\w+)</Code>")
BUCKET_NAME = re.compile(r"<BucketName>([^<]+)</BucketName>")
KIND_OF_CAUSE = re.compile(r"error: (Invalid\w+)\(")
CAUSE = re.compile(r'"([^"\n]+)",\n|\b(\w+),\n')


class FileReplacedError(SceneUnreadableError):
    """The file is in another state than the one that was asked for."""


class FileMissingError(SceneUnreadableError):
    """The archive has no such file."""


class NoPartsError(ArchiveUnavailableError):
    """The archive gives files as a whole only."""


class FileTooLargeError(SceneUnreadableError):
    """The file is larger than what may be read at once."""


class NoSuchRangeError(Exception):
    """The file ends before the bytes that were asked for."""


class AnotherPartError(Exception):
    """The answer has not as many bytes as the part that it says it is; it is told as by obstore."""


# What else obstore says, what that means, and whether it may pass.
WITHOUT_STATUS = (
    (
        re.compile("non-partial response|Range request not supported"),
        NoPartsError,
        "answers no requests for parts of files (Range)",
        False,
    ),
    (
        re.compile(r"Requested \d+\.\.\d+, got"),
        ArchiveUnavailableError,
        "gave another part of it",
        True,
    ),
    (re.compile("response body error"), ArchiveUnavailableError, "broke off", True),
)


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


def unanswered(name: str, host: str | None = None) -> ArchiveUnavailableError:
    """Name a read of the file ``name`` that was waited for in vain; a note tells the host."""
    error = _unavailable(name, "did not answer in time")
    if host is not None:
        error.add_note(host)
    return error


def name_failure(error: Exception, name: str) -> Failure:
    """Name what obstore raised while it read the file ``name``; what is not its stays as it is.

    A note tells the host and the cause: no client is told those.
    """
    failure = _name(error, name)
    if failure.error is not error:
        failure.error.__cause__ = error
        note = _note(str(error))
        if note and not isinstance(failure.error, FileMissingError):
            failure.error.add_note(note)
    return failure


def _note(text: str) -> str:
    """Tell the host that was asked and, as far as it is told, why that failed."""
    host = HOST.search(text)
    if host is None:
        return ""
    code, bucket = CODE.search(text), BUCKET_NAME.search(text)
    if code:
        causes = [code[1], bucket[1] if bucket else ""]
    else:
        inner = text.partition("HttpError {")[2]
        kind = KIND_OF_CAUSE.search(inner)
        innermost = [quoted or plain for quoted, plain in CAUSE.findall(inner)][-1:]
        causes = [kind[1] if kind else "", *innermost]
    cause = " ".join(filter(None, causes))
    return f"{host[1]}: {cause}" if cause else host[1]


def _name(error: Exception, name: str) -> Failure:
    match error:
        case FileNotFoundError():
            return _name_by_status(404, str(error), name)
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
        return _name_by_status(status, text, name)
    if TIMED_OUT.search(text):
        return Failure(unanswered(name), passing=True, silent=True)
    for pattern, kind, told, passing in WITHOUT_STATUS:
        if pattern.search(text):
            return Failure(_unavailable(name, told, kind), passing)
    return Failure(_unavailable(name, "cannot be reached"), passing=True)


def _name_by_status(status: int, text: str, name: str) -> Failure:
    match status:
        case 416:
            return Failure(NoSuchRangeError(name))
        case 404 if NO_BUCKET in text:
            return Failure(_unavailable(name, "has no such bucket"))
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


def _unavailable(
    name: str, what: str, kind: type[ArchiveUnavailableError] = ArchiveUnavailableError
) -> ArchiveUnavailableError:
    return kind(f"the archive of {name} {what}")
