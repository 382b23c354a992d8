"""Reading Sentinel-1 GRD: real products in both layouts, a strip map, what is partial or broken."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from radar_products import (
    ANNOTATION,
    IMAGES,
    METADATA,
    NAME,
    with_measurements,
    write_strip_map,
)
from safe_products import Shape, header_reader, no_shape, read_local

from function.errors import ArchiveThrottledError
from function.ingest.errors import (
    BrokenMetadataError,
    NoImagesError,
    NotASafeProductError,
    ProductRefusedError,
    UnsupportedProductError,
)
from function.ingest.product_info import read_product_info
from function.ingest.reading import ReadProduct, ReadShape
from function.ingest.sentinel1_name import read_name
from function.scene import RadarAcquisition, RadarImage
from function.scenes.image_header import read_image_shape
from function.untrusted_xml import MAX_BYTES

IW = "S1A_IW_GRDH_1SDV_20210809T173953_20210809T174018_039156_049F13_6FF8"
EW = "S1A_EW_GRDM_1SDH_20221130T014342_20221130T014446_046117_058549_BB15"
BUCKET_IW = "S1A_IW_GRDH_1SDV_20180716T004042_20180716T004107_022812_02792A_FD5B"
HEADERS = header_reader("EPSG:32629", 499980.0, 5900040.0)


INFO = f'{{"id": "{BUCKET_IW}", "filenameMap": {{}}'
LINE = '"footprint": {"type": "Polygon", "coordinates": [[[1, "x"]]]}'


def read(product: Path, read_shape: ReadShape = no_shape) -> ReadProduct:
    return read_local(product, HEADERS, read_shape)


def radar_of(product: ReadProduct) -> RadarAcquisition:
    assert product.scene.radar is not None
    return product.scene.radar


def test_a_real_product_in_safe_layout(shared: Path, tmp_path: Path) -> None:
    root = with_measurements(shared / "data" / "sentinel-1" / f"{IW}.SAFE", tmp_path)
    product = read(root)
    scene = product.scene
    assert product.warnings == ()
    assert (scene.collection, scene.name, scene.cell) == ("sentinel-1-grd", IW, "")
    assert (scene.platform, scene.baseline) == ("Sentinel-1A", "003.31")
    assert scene.acquired == datetime(2021, 8, 9, 17, 39, 53, 153776, UTC)
    assert scene.generated == datetime(2021, 8, 9, 20, 19, 58, 0, UTC)
    assert (scene.datatake, scene.relative_orbit) == ("S1A_IW_GRDH_1SDV_049F13", 59)
    assert (scene.cloud_cover, scene.assets, scene.vector_masks) == (None, (), ())
    files = "s1a-iw-grd-{}-20210809t173953-20210809t174018-039156-049f13-00{}"
    assert scene.radar == RadarAcquisition(
        mode="IW",
        resolution_class="H",
        ended=datetime(2021, 8, 9, 17, 40, 18, 152800, UTC),
        absolute_orbit=39156,
        orbit_direction="ascending",
        slice_number=7,
        slices=20,
        timeliness="NRT-3h",
        images=tuple(
            RadarImage(
                polarisation.upper(),
                f"{root}/measurement/{name}.tiff",
                26144,
                16676,
                16,
                f"{root}/annotation/{name}.xml",
                f"{root}/annotation/calibration/calibration-{name}.xml",
                f"{root}/annotation/calibration/noise-{name}.xml",
            )
            for polarisation, number in (("vv", 1), ("vh", 2))
            for name in [files.format(polarisation, number)]
        ),
    )
    assert scene.footprint.startswith("MULTIPOLYGON (((1.512143 46.03389, ")


def test_a_real_product_in_bucket_layout(shared: Path, tmp_path: Path) -> None:
    source = shared / "data" / "sentinel-1" / EW
    info = json.loads((source / "productInfo.json").read_text())
    root = with_measurements(source, tmp_path, info["filenameMap"])
    product = read(root)
    scene, radar = product.scene, radar_of(product)
    assert product.warnings == ()
    assert (scene.name, scene.datatake) == (EW, "S1A_EW_GRDM_1SDH_058549")
    assert scene.generated == datetime(2022, 11, 30, 7, 19, 57, 0, UTC)
    assert scene.relative_orbit == 20
    assert (radar.mode, radar.resolution_class, radar.orbit_direction) == ("EW", "M", "descending")
    assert radar.images == tuple(
        RadarImage(
            polarisation.upper(),
            f"{root}/measurement/ew-{polarisation}.tiff",
            10487,
            10708,
            16,
            f"{root}/annotation/ew-{polarisation}.xml",
            f"{root}/annotation/calibration/calibration-ew-{polarisation}.xml",
            f"{root}/annotation/calibration/noise-ew-{polarisation}.xml",
        )
        for polarisation in ("hh", "hv")
    )
    # The outline that follows the swath's edges, not the manifest's four corners.
    (ring,) = info["footprint"]["coordinates"][0]
    for longitude, latitude in ring:
        assert f"{longitude!r} {latitude!r}" in scene.footprint


def test_a_real_product_of_images_alone(shared: Path) -> None:
    root = (shared / "data" / "sentinel-1" / BUCKET_IW).resolve()
    product = read(root, read_image_shape)
    scene, radar = product.scene, radar_of(product)
    assert scene.name == BUCKET_IW
    assert scene.acquired == datetime(2018, 7, 16, 0, 40, 42, tzinfo=UTC)
    assert scene.generated == datetime(2018, 7, 16, 7, 8, 26, 620000, UTC)
    # (22812 - 73) mod 175 + 1
    assert (scene.relative_orbit, scene.baseline) == (165, "")
    assert (radar.ended, radar.orbit_direction) == (datetime(2018, 7, 16, 0, 41, 7, 0, UTC), None)
    assert radar.images == tuple(
        RadarImage(name.upper(), f"{root}/measurement/iw-{name}.tiff", 1280, 837, 16, *[None] * 3)
        for name in ("vv", "vh")
    )
    assert product.warnings == (
        "manifest.safe is missing",
        "2 files of annotation are missing: iw-vv.xml, iw-vh.xml",
        "2 files of calibration are missing: calibration-iw-vv.xml, calibration-iw-vh.xml",
        "2 files of noise are missing: noise-iw-vv.xml, noise-iw-vh.xml",
    )


def test_relative_orbits_are_those_of_the_manifest(shared: Path) -> None:
    content = (shared / "data" / "sentinel-1" / EW / "productInfo.json").read_bytes()
    assert read_product_info(content).acquisition().relative_orbit == 20


def test_metadata_without_images_are_refused(shared: Path) -> None:
    for name in (f"{IW}.SAFE", EW):
        with pytest.raises(
            NoImagesError, match=r"^all images of [VH, ]+ are (missing|not listed)$"
        ):
            read(shared / "data" / "sentinel-1" / name)


def test_a_strip_map_across_the_antimeridian(tmp_path: Path) -> None:
    product = read(write_strip_map(tmp_path))
    scene, radar = product.scene, radar_of(product)
    assert product.warnings == ()
    assert (scene.name, scene.datatake) == (NAME, "S1A_S3_GRDH_1SDV_069518")
    assert (radar.mode, radar.resolution_class, radar.absolute_orbit) == ("S3", "H", 54126)
    assert (radar.slice_number, radar.slices, radar.timeliness) == (None, None, "Fast-24h")
    assert [(each.width, each.height) for each in radar.images] == [(8000, 17000)] * 2
    # The last step of processing counts, not those within.
    assert scene.generated == datetime(2024, 6, 1, 7, 0, 0, 500000, UTC)
    assert scene.baseline == "003.71"
    west, east = scene.footprint.removeprefix("MULTIPOLYGON (((").split(")), ((")
    assert {float(pair.split()[0]) < 0 for pair in west.split(", ")} != {
        float(pair.strip("()").split()[0]) < 0 for pair in east.split(", ")
    }


def test_files_that_are_missing_or_cut_short_are_told(tmp_path: Path) -> None:
    root = write_strip_map(tmp_path)
    (root / METADATA["noise", "vv"]).unlink()
    (root / METADATA["calibration", "vv"]).write_text("<a>")
    (root / IMAGES[1]).unlink()
    product = read(root)
    (image,) = radar_of(product).images
    assert (image.polarisation, image.noise, image.calibration) == ("VV", None, None)
    assert product.warnings == (
        f"1 file of calibration is cut short: {Path(METADATA['calibration', 'vv']).name}",
        f"1 file of noise is missing: {Path(METADATA['noise', 'vv']).name}",
        f"1 image is missing: {Path(IMAGES[1]).name}",
    )


def test_without_annotation_the_image_tells_its_size(tmp_path: Path) -> None:
    root = write_strip_map(tmp_path)
    (root / METADATA["annotation", "vv"]).unlink()

    def read_shape(href: str) -> Shape:
        assert href == str(root / IMAGES[0])
        return Shape(3, 5, 16)

    image, other = radar_of(read(root, read_shape)).images
    assert (image.width, image.height, image.annotation) == (3, 5, None)
    assert other.width == 8000
    product = read(root)
    assert [each.polarisation for each in radar_of(product).images] == ["VH"]
    assert f"1 image is unreadable: {Path(IMAGES[0]).name}" in product.warnings


def test_an_archive_that_fails_is_not_an_image_that_is_missing(tmp_path: Path) -> None:
    def read_shape(href: str) -> Shape:
        raise ArchiveThrottledError(href)

    root = write_strip_map(tmp_path)
    (root / METADATA["annotation", "vv"]).unlink()
    with pytest.raises(ArchiveThrottledError):
        read(root, read_shape)


def test_a_manifest_leads_to_no_file_outside(tmp_path: Path) -> None:
    (tmp_path / "outside.tiff").write_bytes(b"tiff")
    for elsewhere in ("measurement/iw-vv-/../../../outside.tiff", f"{tmp_path}/outside.tiff"):
        product = read(write_strip_map(tmp_path, {IMAGES[0]: elsewhere}))
        assert product.warnings == ("1 image is not listed: VV",)


def test_a_polarisation_that_the_manifest_does_not_list_is_told(tmp_path: Path) -> None:
    product = read(write_strip_map(tmp_path, {IMAGES[0]: "preview/quick-look.png"}))
    assert product.warnings == ("1 image is not listed: VV",)


@pytest.mark.parametrize(
    ("edits", "error", "message"),
    [
        ({">GRD<": ">SLC<"}, UnsupportedProductError, "it is of type SLC"),
        ({">154<": ">x<"}, BrokenMetadataError, "relativeOrbitNumber='x' is no integer"),
        ({'stop="2024-06-01T07:00:00.5"': ""}, BrokenMetadataError, "stop='', which is no time"),
        ({"05:52:34.5": "noon"}, BrokenMetadataError, "stopTime='2024-06-01Tnoon' is no time"),
        ({"-17.5,179.5": "-17.5"}, BrokenMetadataError, "latitude without a longitude"),
        ({"-17.5,179.5": "-97.5,179.5"}, BrokenMetadataError, "leaves the Earth"),
        ({"coordinates": "positions"}, BrokenMetadataError, "has no coordinates"),
        ({"</xfdu:XFDU>": ""}, BrokenMetadataError, "manifest.safe is no well-formed XML"),
        ({"<metadataSection>": "<!-- <!DOCTYPE a> -->"}, BrokenMetadataError, "document type"),
    ],
    ids=str,
)
def test_what_cannot_be_ingested_is_refused_by_name(
    tmp_path: Path, edits: dict[str, str], error: type[ProductRefusedError], message: str
) -> None:
    with pytest.raises(error) as refused:
        read(write_strip_map(tmp_path, edits))
    assert message in str(refused.value)
    assert type(refused.value) is error


@pytest.mark.parametrize(
    "annotation",
    [
        "<product>",
        "<a>" * 5000 + "</a>" * 5000,
        f"<a>{' ' * MAX_BYTES}</a>",
        '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
        ANNOTATION.replace("numberOfLines", "lines"),
        ANNOTATION.replace("17000", "many"),
    ],
    ids=["cut short", "deep", "huge", "a file", "no size", "no number"],
)
def test_hostile_annotation_is_refused(tmp_path: Path, annotation: str) -> None:
    with pytest.raises(BrokenMetadataError, match=r"^s1a-s3-grd-vv-.*\.xml"):
        read(write_strip_map(tmp_path, annotation=annotation))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[" * 100_000, "is no JSON"),
        ("\xff", "is no JSON"),
        ("[]", "names no product"),
        ('{"id": 1}', "names no product"),
        (f'{{"id": "{BUCKET_IW}"}}', "has no map of file names"),
        (f'{{"id": "{BUCKET_IW}", "filenameMap": {{"a": 1}}}}', "has no map of file names"),
        (f'{{"id": "{BUCKET_IW}", "filenameMap": {{"a": "../a"}}}}', "outside the product"),
        (f"{INFO}, {LINE}}}", "footprint that is no polygon"),
        (f"{INFO}}}", "tells no relative orbit"),
        (f'{INFO}, "missionId": "S1A", "absoluteOrbitNumber": 1, "startTime": 5}}', "is no time"),
    ],
    ids=str,
)
def test_hostile_product_info_is_refused(tmp_path: Path, content: str, message: str) -> None:
    root = tmp_path / BUCKET_IW
    root.mkdir()
    (root / "productInfo.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(BrokenMetadataError, match=message):
        read(root)


def test_a_directory_of_the_name_alone_is_no_product(tmp_path: Path) -> None:
    (tmp_path / f"{IW}.SAFE").mkdir()
    with pytest.raises(NotASafeProductError, match=r"neither manifest\.safe nor productInfo\.json"):
        read(tmp_path / f"{IW}.SAFE")


@pytest.mark.parametrize(
    ("name", "polarisations", "acquisition"),
    [
        (f"{IW}.SAFE", ("VV", "VH"), "S1A_IW_GRDH_1SDV_049F13"),
        (f"{IW}_COG", ("VV", "VH"), "S1A_IW_GRDH_1SDV_049F13"),
        (EW, ("HH", "HV"), "S1A_EW_GRDM_1SDH_058549"),
        (NAME.replace("1SDV", "1SSH"), ("HH",), "S1A_S3_GRDH_1SSH_069518"),
        (NAME.replace("1SDV", "1SSV").replace("GRDH", "GRDF"), ("VV",), "S1A_S3_GRDF_1SSV_069518"),
    ],
)
def test_names(name: str, polarisations: tuple[str, ...], acquisition: str) -> None:
    read = read_name(name)
    assert (read.polarisations, read.acquisition) == (polarisations, acquisition)


@pytest.mark.parametrize(
    "name",
    [IW.replace("GRDH", "SLC_"), IW.replace("IW_GRDH", "WV_OCN_"), "S1A", f"{IW}.zip"],
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(UnsupportedProductError, match="is no name of a Sentinel-1 GRD product"):
        read_name(name)
