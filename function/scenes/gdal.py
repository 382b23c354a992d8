"""How GDAL is set up for reading archive files in a server."""

from pathlib import PurePosixPath
from urllib.parse import urlsplit

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
    if href.startswith(("http://", "https://")):
        href = urlsplit(href).path
    return PurePosixPath(href).name
