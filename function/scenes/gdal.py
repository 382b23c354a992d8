"""How GDAL is set up for reading archive files in a server, and how it is listened to."""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath

import rasterio
from rasterio.env import set_gdal_config

# Files are opened by name alone: no listing of their directory (a SAFE directory on a network
# mount or in a bucket is slow to list), no .aux.xml beside them read or ever written. One thread:
# when GDAL's OpenJPEG driver decodes tiles in threads of its own, a broken tile's error stays in
# there and its pixels come out as 0.
OPTIONS = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_NUM_THREADS": "1",
}
# Where rasterio passes on what GDAL says.
LOGGERS = ("rasterio._err", "rasterio._env")
# A damaged tile may be warned of in other words for each of its packets; headers of sound files
# are warned of in one or two.
MOST_MESSAGES = 32
# The path in a web address. urlsplit finds none where the host is none.
WEB_PATH = re.compile(r"https?://[^/?#]*([^?#]*)", re.IGNORECASE)


class GdalWarnings(logging.Filter):
    """Keeps what GDAL warns of from the log while a thread listens to it.

    What a thread hears is what GDAL says in that thread, and so of its own reads alone.
    """

    def __init__(self) -> None:
        super().__init__()
        self._threads = threading.local()
        for name in LOGGERS:
            logger = logging.getLogger(name)
            # What an operator does not want to read is still to be heard here.
            logger.setLevel(logging.WARNING)
            logger.addFilter(self)

    @contextmanager
    def listen(self) -> Iterator[list[str]]:
        """Collect this thread's messages, each once, in the list that is given."""
        messages: list[str] = []
        self._threads.messages = messages
        try:
            yield messages
        finally:
            self._threads.messages = None

    def filter(self, record: logging.LogRecord) -> bool:
        messages: list[str] | None = getattr(self._threads, "messages", None)
        if messages is None:
            return True
        # rasterio puts the kind of the message before it, in another form at opening than later.
        arguments = record.args if isinstance(record.args, tuple) else ()
        text = str(arguments[-1]) if arguments else record.getMessage()
        if text not in messages and len(messages) < MOST_MESSAGES:
            messages.append(text)
        return False


def gdal_environment() -> rasterio.Env:
    """Make the context in which GDAL reads archive files; it holds for the calling thread."""
    return rasterio.Env(**OPTIONS)


def bound_block_cache(size: int) -> None:
    """Let GDAL keep at most ``size`` bytes of decoded blocks, in all of this process.

    By itself it takes 5 % of the machine's memory, in a container that is given less as well.
    """
    set_gdal_config("GDAL_CACHEMAX", size)


def file_name(href: str) -> str:
    """Cut an address down to what a client may be told: the file's own name.

    The query of a web address may be a signature, and so a secret.
    """
    web = WEB_PATH.match(href)
    return PurePosixPath(web[1] if web else href).name
