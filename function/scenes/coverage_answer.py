"""The answer of a GetCoverage: the file itself or, in WCS 1.1, a document and the file."""

import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO
from xml.sax.saxutils import escape

from function.deadline import Deadline
from function.parse.coverage.get_coverage import band_names
from function.parse.coverage.query import CoverageRequest
from function.parse.coverage.version import WCS_111
from function.raster import Raster
from function.scene import Scene
from function.scenes.coverage_file import EXTENSIONS, CoverageLabels, write_coverage
from function.stored_body import StoredBody

# The part of a multipart answer that lists the others (OGC 07-067r5, 10.3.11.1).
_COVERAGES = """\
<?xml version="1.0" encoding="UTF-8"?>
<Coverages xmlns="http://www.opengis.net/wcs/1.1" xmlns:ows="http://www.opengis.net/ows/1.1" \
xmlns:xlink="http://www.w3.org/1999/xlink" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:schemaLocation="http://www.opengis.net/wcs/1.1 http://schemas.opengis.net/wcs/1.1/wcsAll.xsd">
  <Coverage>
    <ows:Title>{title}</ows:Title>
    <ows:Abstract>{abstract}</ows:Abstract>
    <ows:Identifier>{name}</ows:Identifier>
    <ows:Reference xlink:href="cid:{file}" xlink:role="urn:ogc:def:role:WCS:1.1:coverage"/>
  </Coverage>
</Coverages>
"""
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")
LINE = b"\r\n"


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a multipart answer, but for its bytes."""

    content_type: str
    name: str
    encoding: str

    def head(self, boundary: bytes) -> bytes:
        lines = (
            f"Content-Type: {self.content_type}",
            f"Content-Description: {self.name}",
            f"Content-Transfer-Encoding: {self.encoding}",
            f"Content-ID: <{self.name}>",
            f"Content-Disposition: inline; filename={self.name}",
        )
        return LINE.join([b"--" + boundary, *(line.encode() for line in lines), b"", b""])


def answer_coverage(
    query: CoverageRequest, raster: Raster, scenes: Sequence[Scene], deadline: Deadline
) -> StoredBody:
    """Write the answer to ``query``; ``scenes`` are those that ``raster`` was made of and others.

    Raises RenderError where the file cannot be written, DeadlineExceededError where there is too
    little time for it.
    """
    (selection,) = query.layers
    recipe = selection.recipe
    acquired = {scene.name: scene.acquired for scene in scenes}
    labels = CoverageLabels(
        recipe.name,
        recipe.kind,
        band_names(recipe),
        tuple(acquired[name] for name in raster.scenes),
    )
    file = write_coverage(raster, labels, query.format, deadline)
    name = f"{_UNSAFE.sub('_', recipe.name)}.{EXTENSIONS[query.format]}"
    if query.version == WCS_111:
        return _in_parts(file, query, name, raster.scenes)
    return StoredBody(query.format.value, file, _size(file), name)


def _in_parts(
    file: BinaryIO, query: CoverageRequest, name: str, scenes: tuple[str, ...]
) -> StoredBody:
    boundary = secrets.token_hex(16).encode()
    document = _COVERAGES.format(
        title=escape(query.layers[0].name),
        abstract=escape(f"Made of {', '.join(scenes)}" if scenes else "There are no scenes"),
        name=escape(query.layers[0].name),
        file=name,
    )
    body = tempfile.TemporaryFile(prefix="coverage-")  # noqa: SIM115 - whoever sends it closes it
    with file:
        body.write(_Part("text/xml", "coverages.xml", "8bit").head(boundary))
        body.write(document.encode() + LINE)
        body.write(_Part(query.format.value, name, "binary").head(boundary))
        shutil.copyfileobj(file, body)
        body.write(LINE + b"--" + boundary + b"--" + LINE)
    size = body.tell()
    body.seek(0)
    return StoredBody(f'multipart/mixed; boundary="{boundary.decode()}"', body, size)


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size
