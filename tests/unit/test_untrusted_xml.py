"""XML of outsiders is parsed or refused, in bounded memory."""

import subprocess
import sys

import pytest

from function.untrusted_xml import (
    MAX_BYTES,
    MAX_MARKUP,
    RefusedXmlError,
    parse_untrusted_xml,
)

NAME = "MSK_CLOUDS_B00.gml"
POLYGON = (
    '<eop:MaskFeature gml:id="OPAQUE.{0}"><eop:extentOf><gml:Polygon><gml:posList'
    ' srsDimension="2">499980 5900040 500100 5900040 500100 5899920</gml:posList></gml:Polygon>'
    "</eop:extentOf></eop:MaskFeature>"
)
GML = (
    '<?xml version="1.0" encoding="UTF-8"?><eop:Mask xmlns:eop="http://www.opengis.net/eop/2.0"'
    ' xmlns:gml="http://www.opengis.net/gml/3.2"><eop:maskMembers>{}</eop:maskMembers></eop:Mask>'
)
LAUGHS = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, 12))
# Of a whole process: a million attributes take some 200 MB, and to make them some 100.
MOST_MEMORY = 400 * 1024 * 1024
PROGRAM = """
import sys
from pathlib import Path
from function.untrusted_xml import RefusedXmlError, parse_untrusted_xml
content = eval(sys.argv[1])
try:
    parse_untrusted_xml(content, "a.xml")
except RefusedXmlError:
    pass
# Not ru_maxrss: that has in it what the process took that started this one.
(peak,) = [line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line]
print(1024 * int(peak.split()[1]))
"""


def test_a_mask_of_many_clouds_is_read() -> None:
    clouds = "".join(POLYGON.format(number) for number in range(20_000))
    root = parse_untrusted_xml(GML.format(clouds).encode(), NAME)
    assert sum(1 for _ in root.iter("{*}posList")) == 20_000


@pytest.mark.parametrize("start", [b"\xef\xbb\xbf<?xml version='1.0'?>", b"", b"<!-- a -->"])
def test_what_may_stand_before_it(start: bytes) -> None:
    assert parse_untrusted_xml(start + "<a>ü</a>".encode(), NAME).text == "ü"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "is no well-formed XML", id="empty"),
        pytest.param(b"PK\x03\x04", "is no well-formed XML", id="no XML"),
        pytest.param(b"<a>\x00</a>", "is no well-formed XML", id="a zero byte"),
        pytest.param(b"<a>\xff</a>", "is not in UTF-8", id="no UTF-8"),
        pytest.param("<a/>".encode("utf-16"), "is not in UTF-8", id="UTF-16"),
        pytest.param(b'<?xml version="1.0" encoding="UTF-7"?><a/>', "another encoding", id="UTF-7"),
        pytest.param(
            b"<?xml version='1.0' encoding = 'IBM037'?><a/>", "another encoding", id="EBCDIC"
        ),
        pytest.param(
            b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-32"?><a/>',
            "another encoding",
            id="UTF-32",
        ),
        pytest.param(b"<a>" * 300 + b"</a>" * 300, "is no well-formed XML", id="deep"),
        pytest.param(
            GML.format("<gml:surfaceMember>" * 400 + "</gml:surfaceMember>" * 400).encode(),
            "is no well-formed XML",
            id="deep GML",
        ),
        pytest.param(b" " * (MAX_BYTES + 1), f"is larger than {MAX_BYTES} bytes", id="huge"),
        pytest.param(b"<a/>" * (MAX_MARKUP + 1), "more than 1000000 tags", id="tags without end"),
        pytest.param(b"<a>&b;</a>", "is no well-formed XML", id="an entity of nowhere"),
        pytest.param(b"<!DOCTYPE a><a/>", "document type", id="a document type"),
        pytest.param(
            f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l11;</a>'.encode(),
            "document type",
            id="laughs",
        ),
        pytest.param(
            b'<!DOCTYPE a [<!ENTITY % e SYSTEM "http://192.0.2.1/e"> %e;]><a/>',
            "document type",
            id="a parameter entity",
        ),
    ],
)
def test_hostile_files_are_refused_by_name(content: bytes, message: str) -> None:
    with pytest.raises(RefusedXmlError) as refused:
        parse_untrusted_xml(content, NAME)
    assert str(refused.value).startswith(f"{NAME} ")
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("b'<a>' + b'<b/>' * 999_990 + b'</a>'", id="elements"),
        pytest.param(
            "b'<a ' + b' '.join(b'x%d=\"\"' % i for i in range(999_990)) + b'/>'", id="attributes"
        ),
        pytest.param("b'<a>' + b'<b xmlns=\"c\"/>' * 499_990 + b'</a>'", id="namespaces"),
        pytest.param("b'<a>' + b'x' * (32 * 1024 * 1024 - 7) + b'</a>'", id="a text"),
        pytest.param("b'<a>' + b'&#65;' * 6_000_000 + b'</a>'", id="references"),
        pytest.param("b'<a b=\"' + b'x' * (32 * 1024 * 1024 - 9) + b'\"/>'", id="an attribute"),
        pytest.param("b'<a>' + b'<?b c?>' * 999_990 + b'</a>'", id="instructions"),
    ],
)
def test_the_most_that_is_parsed_takes_bounded_memory(content: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, content], capture_output=True, check=True, text=True
    )
    assert int(done.stdout) < MOST_MEMORY
