"""Requests of WCS as XML answer what their keys answer."""

from pathlib import Path

import numpy as np
import pytest
from coverage_requests import read_coverage
from serving import Reply, Served
from xml_documents import find

WEST, SOUTH, EAST, NORTH = 600_000, 5_970_000, 601_200, 5_970_900
DAY = "2025-05-10"
XML = {"Content-Type": "text/xml"}

GET_COVERAGE = {
    "1.0.0": f"""\
<GetCoverage service="WCS" version="1.0.0" xmlns="http://www.opengis.net/wcs"
    xmlns:gml="http://www.opengis.net/gml">
  <sourceCoverage>S2_L2A</sourceCoverage>
  <domainSubset>
    <spatialSubset>
      <gml:Envelope srsName="EPSG:32632">
        <gml:pos>{WEST} {SOUTH}</gml:pos><gml:pos>{EAST} {NORTH}</gml:pos>
      </gml:Envelope>
      <gml:Grid dimension="2">
        <gml:limits><gml:GridEnvelope>
          <gml:low>0 0</gml:low><gml:high>119 89</gml:high>
        </gml:GridEnvelope></gml:limits>
        <gml:axisName>E</gml:axisName><gml:axisName>N</gml:axisName>
      </gml:Grid>
    </spatialSubset>
    <temporalSubset><gml:timePosition>{DAY}</gml:timePosition></temporalSubset>
  </domainSubset>
  <rangeSubset>
    <axisSubset name="bands">
      <singleValue>B04</singleValue><singleValue>B08</singleValue>
    </axisSubset>
  </rangeSubset>
  <interpolationMethod>nearest neighbor</interpolationMethod>
  <output><crs>EPSG:32632</crs><format>GeoTIFF</format></output>
</GetCoverage>""",
    "1.1.1": f"""\
<GetCoverage service="WCS" version="1.1.1" xmlns="http://www.opengis.net/wcs/1.1"
    xmlns:ows="http://www.opengis.net/ows/1.1">
  <ows:Identifier>S2_L2A</ows:Identifier>
  <DomainSubset>
    <ows:BoundingBox crs="urn:ogc:def:crs:EPSG::32632">
      <ows:LowerCorner>{WEST + 5} {SOUTH + 5}</ows:LowerCorner>
      <ows:UpperCorner>{EAST - 5} {NORTH - 5}</ows:UpperCorner>
    </ows:BoundingBox>
    <TemporalSubset><TimePosition>{DAY}</TimePosition></TemporalSubset>
  </DomainSubset>
  <RangeSubset>
    <FieldSubset>
      <ows:Identifier>bands</ows:Identifier>
      <InterpolationType>nearest</InterpolationType>
      <AxisSubset>
        <Identifier>bands</Identifier><Key>B04</Key><Key>B08</Key>
      </AxisSubset>
    </FieldSubset>
  </RangeSubset>
  <Output format="image/tiff">
    <GridCRS>
      <GridBaseCRS>urn:ogc:def:crs:EPSG::32632</GridBaseCRS>
      <GridOffsets>10 -10</GridOffsets>
    </GridCRS>
  </Output>
</GetCoverage>""",
    "2.0.1": f"""\
<wcs:GetCoverage service="WCS" version="2.0.1" xmlns:wcs="http://www.opengis.net/wcs/2.0"
    xmlns:crs="http://www.opengis.net/wcs/crs/1.0" xmlns:rsub="http://www.opengis.net/wcs/range-subsetting/1.0"
    xmlns:scal="http://www.opengis.net/wcs/scaling/1.0">
  <wcs:Extension>
    <crs:subsettingCrs>http://www.opengis.net/def/crs/EPSG/0/32632</crs:subsettingCrs>
    <rsub:RangeSubset>
      <rsub:RangeItem><rsub:RangeComponent>B04</rsub:RangeComponent></rsub:RangeItem>
      <rsub:RangeItem><rsub:RangeInterval>
        <rsub:startComponent>B08</rsub:startComponent><rsub:endComponent>B08</rsub:endComponent>
      </rsub:RangeInterval></rsub:RangeItem>
    </rsub:RangeSubset>
    <scal:ScaleToSize>
      <scal:TargetAxisSize><scal:axis>E</scal:axis><scal:targetSize>120</scal:targetSize></scal:TargetAxisSize>
      <scal:TargetAxisSize><scal:axis>N</scal:axis><scal:targetSize>90</scal:targetSize></scal:TargetAxisSize>
    </scal:ScaleToSize>
  </wcs:Extension>
  <wcs:CoverageId>S2_L2A</wcs:CoverageId>
  <wcs:DimensionTrim>
    <wcs:Dimension>E</wcs:Dimension>
    <wcs:TrimLow>{WEST}</wcs:TrimLow><wcs:TrimHigh>{EAST}</wcs:TrimHigh>
  </wcs:DimensionTrim>
  <wcs:DimensionTrim>
    <wcs:Dimension>N</wcs:Dimension>
    <wcs:TrimLow>{SOUTH}</wcs:TrimLow><wcs:TrimHigh>{NORTH}</wcs:TrimHigh>
  </wcs:DimensionTrim>
  <wcs:DimensionTrim>
    <wcs:Dimension>time</wcs:Dimension>
    <wcs:TrimLow>{DAY}</wcs:TrimLow><wcs:TrimHigh>{DAY}</wcs:TrimHigh>
  </wcs:DimensionTrim>
  <wcs:format>image/tiff</wcs:format>
</wcs:GetCoverage>""",
}
CAPABILITIES = {
    "1.0.0": '<GetCapabilities service="WCS" version="1.0.0" xmlns="http://www.opengis.net/wcs"/>',
    "1.1.1": """\
<GetCapabilities service="WCS" xmlns="http://www.opengis.net/wcs/1.1"
    xmlns:ows="http://www.opengis.net/ows/1.1">
  <ows:AcceptVersions><ows:Version>1.1.1</ows:Version></ows:AcceptVersions>
</GetCapabilities>""",
    "2.0.1": """\
<wcs:GetCapabilities service="WCS" xmlns:wcs="http://www.opengis.net/wcs/2.0"
    xmlns:ows="http://www.opengis.net/ows/2.0">
  <ows:AcceptVersions><ows:Version>2.0.1</ows:Version></ows:AcceptVersions>
</wcs:GetCapabilities>""",
}
DESCRIBE = {
    "1.0.0": """\
<DescribeCoverage service="WCS" version="1.0.0" xmlns="http://www.opengis.net/wcs">
  <Coverage>S2_L2A</Coverage>
</DescribeCoverage>""",
    "1.1.1": """\
<DescribeCoverage service="WCS" version="1.1.1" xmlns="http://www.opengis.net/wcs/1.1">
  <Identifier>S2_L2A</Identifier>
</DescribeCoverage>""",
    "2.0.1": """\
<wcs:DescribeCoverage service="WCS" version="2.0.1" xmlns:wcs="http://www.opengis.net/wcs/2.0">
  <wcs:CoverageId>S2_L2A</wcs:CoverageId>
</wcs:DescribeCoverage>""",
}


def post(service: Served, document: str) -> Reply:
    return service.ask("/ows", headers=XML, data=document.encode())


def test_every_version_gives_the_same_pixels(demo_service: Served) -> None:
    keys = {
        "SERVICE": "WCS",
        "VERSION": "1.0.0",
        "REQUEST": "GetCoverage",
        "COVERAGE": "S2_L2A",
        "CRS": "EPSG:32632",
        "BBOX": f"{WEST},{SOUTH},{EAST},{NORTH}",
        "WIDTH": "120",
        "HEIGHT": "90",
        "BANDS": "B04,B08",
        "TIME": DAY,
        "FORMAT": "GeoTIFF",
    }
    asked = read_coverage(demo_service.ows(keys))
    assert (asked.pixels != -32768).any()
    for document in GET_COVERAGE.values():
        coverage = read_coverage(post(demo_service, document))
        np.testing.assert_array_equal(coverage.pixels, asked.pixels)
        assert coverage.bounds == asked.bounds == (WEST, SOUTH, EAST, NORTH)
        assert coverage.bands == asked.bands == ("B04", "B08")


@pytest.mark.parametrize("version", CAPABILITIES)
@pytest.mark.parametrize(
    ("documents", "keys"),
    [
        (CAPABILITIES, {"REQUEST": "GetCapabilities"}),
        (
            DESCRIBE,
            {
                "REQUEST": "DescribeCoverage",
                "COVERAGE": "S2_L2A",
                "IDENTIFIERS": "S2_L2A",
                "COVERAGEID": "S2_L2A",
            },
        ),
    ],
    ids=["GetCapabilities", "DescribeCoverage"],
)
def test_descriptions_are_those_of_a_get(
    demo_service: Served, version: str, documents: dict[str, str], keys: dict[str, str]
) -> None:
    reply = post(demo_service, documents[version])
    assert reply.status == 200, reply.body
    assert reply.body == demo_service.ows({"SERVICE": "WCS", "VERSION": version} | keys).body


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("<GetCoverage", "no well-formed XML"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><GetCoverage/>', "document type"),
        ("<Transaction/>", "Transaction"),
        ("<a>" * 5000, "XML"),
        (DESCRIBE["2.0.1"].replace("S2_L2A", "X"), "not published"),
    ],
)
def test_what_is_no_request_is_refused(demo_service: Served, document: str, message: str) -> None:
    reply = post(demo_service, document)
    assert reply.status in {400, 404}
    assert message in reply.body.decode()
    # Also what cannot be read is told as WCS tells it.
    assert find(reply.body, "/ExceptionReport/@version") == ["2.0.1"]


def test_exceptions_to_a_document_are_of_its_version(demo_service: Served, shared: Path) -> None:
    assert shared.is_dir()
    reply = post(demo_service, GET_COVERAGE["1.1.1"].replace("S2_L2A", "X"))
    assert find(reply.body, "/ExceptionReport/@version") == ["1.1.0"]
