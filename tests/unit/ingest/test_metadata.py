"""Metadata are parsed without trust."""

import os
from pathlib import Path, PurePosixPath

import pytest

from function.ingest.errors import BrokenMetadataError
from function.ingest.local_files import LocalFiles
from function.ingest.metadata import Metadata
from function.ingest.metadata_files import MANIFEST, need_metadata
from function.untrusted_xml import MAX_BYTES

LAUGHS = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, 12))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"jp2k", id="no XML"),
        pytest.param(b"<a><b></a>", id="not well-formed"),
        pytest.param(b'<?xml version="1.0" encoding="UTF-8"?><a>\xff</a>', id="wrong encoding"),
        pytest.param(b'<?xml version="1.0" encoding="EBCDIC-XYZ"?><a/>', id="unknown encoding"),
        pytest.param(b"<a>" * 100_000, id="deep"),
        pytest.param(b"<a>" * 5000 + b"</a>" * 5000, id="deep and closed"),
        pytest.param(b"<!DOCTYPE a><a/>", id="a document type"),
        pytest.param(b'<!DOCTYPE a SYSTEM "http://192.0.2.1/a.dtd"><a/>', id="a DTD elsewhere"),
        pytest.param(
            b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>', id="a file"
        ),
        pytest.param(
            f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l11;</a>'.encode(), id="laughs in text"
        ),
        pytest.param(
            f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a b="&l11;"/>'.encode(),
            id="laughs in an attribute",
        ),
        pytest.param('<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'.encode("utf-16"), id="UTF-16"),
    ],
)
def test_hostile_or_broken_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "MTD_MSIL2A.xml").write_bytes(content)
    with pytest.raises(BrokenMetadataError, match=r"^MTD_MSIL2A\.xml "):
        need_metadata(LocalFiles(tmp_path), PurePosixPath("MTD_MSIL2A.xml"))


def test_a_file_of_absurd_size_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "manifest.safe"
    path.touch()
    os.truncate(path, MAX_BYTES + 1)
    with pytest.raises(BrokenMetadataError, match=r"manifest\.safe is larger than"):
        need_metadata(LocalFiles(tmp_path), MANIFEST)


def test_elements_are_found_by_local_names_alone() -> None:
    text = '<p:a xmlns:p="one"><b xmlns="two"> 1 </b><!-- no --><p:b>2</p:b></p:a>'
    metadata = Metadata.parse(text.encode(), "a.xml")
    assert metadata.name == "a"
    assert [element.number for element in metadata.all("b")] == [1.0, 2.0]
    assert metadata.find("c") is None
    assert metadata.need("c", "b").integer == 1
