"""INSPIRE metadata in the capabilities, where a mapfile has them: valid after our corrections."""

from pathlib import Path

import pytest
from map_requests import DEAD_DATABASE, ONLINE_RESOURCE, unhurried
from mapfiles import COLOUR, archive_layer, write_mapfile
from xml_documents import WMS_130_CAPABILITIES, find, validate_by_dtd, validate_by_schema

from function.mapserver.server import MapServer

METADATA = """
    "wms_languages" "eng"
    "wms_inspire_capabilities" "{}"
    "wms_inspire_metadataurl_href" "https://example.org/service.xml"
    "wms_inspire_metadataurl_format" "application/vnd.iso.19139+xml"
    "wms_inspire_resourcelocator" "https://example.org/"
    "wms_inspire_temporal_reference" "2026-01-01"
    "wms_inspire_mpoc_name" "Operator"
    "wms_inspire_mpoc_email" "operator@example.org"
    "wms_inspire_metadatadate" "2026-01-01"
    "wms_inspire_keyword" "infoMapAccessService"
"""


@pytest.mark.parametrize("form", ["url", "embed"])
@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
def test_capabilities_with_inspire_metadata_are_valid(
    form: str, version: str, tmp_path: Path, shared: Path
) -> None:
    mapfile = write_mapfile(tmp_path, archive_layer(COLOUR), metadata=METADATA.format(form))
    request = [("SERVICE", "WMS"), ("VERSION", version), ("REQUEST", "GetCapabilities")]
    document = (
        MapServer(mapfile, DEAD_DATABASE)
        .answer(request, {}, {}, ONLINE_RESOURCE, {}, unhurried())
        .body
    )
    if version == "1.3.0":
        validate_by_schema(document, shared / "schemas", WMS_130_CAPABILITIES)
    else:
        validate_by_dtd(document, shared / "schemas")
    told = "MetadataUrl/URL" if form == "url" else "ResourceLocator/URL"
    assert len(find(document, f"//ExtendedCapabilities/{told}")) == 1
    assert find(document, "//ExtendedCapabilities//DefaultLanguage/Language/text()") == ["eng"]
