"""Reading a SAFE directory that is whole, partial, odd or broken."""

from pathlib import Path

import pytest
from safe_products import (
    GRANULE,
    IMAGES,
    NAME,
    STEM,
    Header,
    header_reader,
    read_local,
    write_product,
)

from function.errors import SceneUnreadableError
from function.ingest.errors import (
    BrokenMetadataError,
    NoImagesError,
    NotASafeProductError,
    ProductRefusedError,
    UnsupportedProductError,
)
from function.scenes.access.failures import FileMissingError

HEADERS = header_reader("EPSG:32629", 499980.0, 5900040.0)


def test_a_whole_product_gives_no_warning(tmp_path: Path) -> None:
    read = read_local(write_product(tmp_path), HEADERS)
    assert read.warnings == ()
    assert [asset.band for asset in read.scene.assets] == ["B04", "SCL", "MSK_CLASSI"]
    assert [asset.offset for asset in read.scene.assets] == [-1000.0, 0.0, 0.0]
    assert read.scene.cloud_cover == 12.5


def test_paths_are_absolute_however_the_product_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_product(tmp_path)
    monkeypatch.chdir(tmp_path)
    by_detour = Path("..") / tmp_path.name / root.name
    assert read_local(by_detour, HEADERS) == read_local(root, HEADERS)
    assert read_local(root, HEADERS).scene.assets[0].href == str(root / IMAGES[0])


def test_missing_files_are_left_out_with_a_warning(tmp_path: Path) -> None:
    root = write_product(tmp_path)
    (root / IMAGES[0]).unlink()
    (root / "manifest.safe").unlink()
    read = read_local(root, HEADERS)
    assert [asset.band for asset in read.scene.assets] == ["SCL", "MSK_CLASSI"]
    assert read.warnings == (
        "manifest.safe is missing",
        f"1 image is missing: {STEM}_B04_10m.jp2",
    )


def test_a_file_shorter_than_the_manifest_says_is_left_out(tmp_path: Path) -> None:
    root = write_product(tmp_path)
    (root / IMAGES[0]).write_bytes(b"jp2")
    read = read_local(root, HEADERS)
    assert [asset.band for asset in read.scene.assets] == ["SCL", "MSK_CLASSI"]
    assert read.warnings == (f"1 image is cut short: {STEM}_B04_10m.jp2",)


@pytest.mark.parametrize(
    ("error", "flaw"),
    # A web server lists nothing: there a file that is missing shows when it is read.
    [(SceneUnreadableError("no image"), "unreadable"), (FileMissingError("no file"), "missing")],
)
def test_an_unreadable_image_is_left_out(
    tmp_path: Path, error: SceneUnreadableError, flaw: str
) -> None:
    def read_header(href: str) -> Header:
        if "SCL" in href:
            raise error
        return HEADERS(href)

    read = read_local(write_product(tmp_path), read_header)
    assert [asset.band for asset in read.scene.assets] == ["B04", "MSK_CLASSI"]
    assert read.warnings == (f"1 image is {flaw}: {STEM}_SCL_20m.jp2",)


def test_an_images_own_header_is_believed(tmp_path: Path) -> None:
    elsewhere = header_reader("EPSG:32630", 399960.0, 5900040.0)
    root = write_product(tmp_path)
    read = read_local(root, lambda href: (elsewhere if "SCL" in href else HEADERS)(href))
    scl = read.scene.assets[1]
    assert (scl.grid.crs, scl.grid.transform.c) == ("EPSG:32630", 399960.0)
    assert read.warnings == (f"{STEM}_SCL_20m.jp2 lies on another grid than the metadata say",)


def test_images_may_be_geotiff_without_saying_so(tmp_path: Path) -> None:
    root = write_product(tmp_path)
    (root / "manifest.safe").unlink()
    (root / IMAGES[1]).rename((root / IMAGES[1]).with_suffix(".tif"))
    read = read_local(root, HEADERS)
    assert read.scene.assets[1].href.endswith("_SCL_20m.tif")


def test_an_image_that_is_listed_twice_is_one_asset(tmp_path: Path) -> None:
    line = f"<IMAGE_FILE>{GRANULE}/IMG_DATA/R10m/{STEM}_B04_10m</IMAGE_FILE>"
    read = read_local(write_product(tmp_path, {line: line + line}), HEADERS)
    assert [asset.band for asset in read.scene.assets] == ["B04", "SCL", "MSK_CLASSI"]


def test_the_names_of_early_products(tmp_path: Path) -> None:
    edits = {
        "PRODUCT_URI": "PRODUCT_URI_2A",
        "IMAGE_FILE": "IMAGE_FILE_2A",
        "Granule ": "Granules ",
        "</Granule>": "</Granules>",
        "BOA_QUANTIFICATION_VALUE": "L2A_BOA_QUANTIFICATION_VALUE",
        "S2MSI2A<": "S2MSI2Ap<",
        '<BOA_ADD_OFFSET band_id="3">-1000</BOA_ADD_OFFSET>': "",
    }
    scene = read_local(write_product(tmp_path, edits), HEADERS).scene
    assert scene.name == NAME
    assert [asset.band for asset in scene.assets] == ["B04", "SCL", "MSK_CLASSI"]
    assert (scene.assets[0].offset, scene.assets[0].quantification) == (0.0, 10000.0)


def test_a_product_without_its_own_name_is_named_by_its_directory(tmp_path: Path) -> None:
    edits = {f"<PRODUCT_URI>{NAME}.SAFE</PRODUCT_URI>": ""}
    assert read_local(write_product(tmp_path, edits), HEADERS).scene.name == NAME


def test_an_unknown_cloud_cover_is_none(tmp_path: Path) -> None:
    edits = {"<Cloud_Coverage_Assessment>12.5</Cloud_Coverage_Assessment>": ""}
    assert read_local(write_product(tmp_path, edits), HEADERS).scene.cloud_cover is None


def test_a_cloud_cover_that_rounding_lifted_is_all(tmp_path: Path) -> None:
    product = write_product(tmp_path, {">12.5<": ">100.000001<"})
    assert read_local(product, HEADERS).scene.cloud_cover == 100.0


@pytest.mark.parametrize(
    ("edits", "error", "message"),
    [
        ({"S2MSI2A<": "S2MSI2B<"}, UnsupportedProductError, "it is of type S2MSI2B"),
        (
            {"</Granule>": '</Granule><Granule granuleIdentifier="second"/>'},
            UnsupportedProductError,
            "2 granules",
        ),
        ({"PRODUCT_TYPE": "KIND"}, BrokenMetadataError, "MTD_MSIL2A.xml has no PRODUCT_TYPE"),
        ({"2024-06-01T11:43:51.024Z": "today"}, BrokenMetadataError, "'today' is no time"),
        ({"2024-06-01T11:43:51.024Z": ""}, BrokenMetadataError, "PRODUCT_START_TIME is empty"),
        ({">123<": ">1.5<"}, BrokenMetadataError, "SENSING_ORBIT_NUMBER='1.5' is no integer"),
        ({">12.5<": ">nan<"}, BrokenMetadataError, "'nan' is no number"),
        ({">12.5<": ">101<"}, BrokenMetadataError, "'101' is no percentage"),
        ({">10000<": ">0<"}, BrokenMetadataError, "quantification is not positive"),
        ({"BOA_QUANTIFICATION_VALUE": "X"}, BrokenMetadataError, "no BOA_QUANTIFICATION_VALUE"),
        ({'band_id="3"': 'band_id="13"'}, BrokenMetadataError, "BOA_ADD_OFFSET of unknown band"),
        ({'band_id="3"': 'id="3"'}, BrokenMetadataError, "BOA_ADD_OFFSET of unknown band"),
        ({"granuleIdentifier": "identifier"}, BrokenMetadataError, "lists no granule"),
        ({"_T29UNU_N05.10": "_N05.10"}, BrokenMetadataError, "names no grid cell"),
        ({"datatakeIdentifier": "identifier"}, BrokenMetadataError, "no datatakeIdentifier"),
        ({"EXT_POS_LIST": "POSITIONS"}, BrokenMetadataError, "footprint has no area"),
        ({"EPSG:32629": "32629"}, BrokenMetadataError, "HORIZONTAL_CS_CODE='32629' is no EPSG"),
        ({'Size resolution="20"': 'Size resolution="30"'}, BrokenMetadataError, "do not match"),
        ({'Size resolution="20"': 'Size resolution="x"'}, BrokenMetadataError, "is no number"),
        ({"<ULX>499980</ULX>": ""}, BrokenMetadataError, "MTD_TL.xml has no ULX"),
        ({"<NROWS>": "<NROWS>x"}, BrokenMetadataError, "is no integer"),
        ({"<IMAGE_FILE>GRANULE": "<IMAGE_FILE>/GRANULE"}, BrokenMetadataError, "outside"),
        ({"R10m/": "../../../../"}, BrokenMetadataError, "outside the product"),
        ({"QI_DATA/MSK_CLASSI": "../../../MSK_CLASSI"}, BrokenMetadataError, "outside the product"),
        ({"IMAGE_FILE": "PICTURE"}, NoImagesError, "lists no images"),
        (
            {"<IMAGE_FILE>GRANULE/": "<IMAGE_FILE>"},
            BrokenMetadataError,
            "MTD_TL.xml is missing",
        ),
        ({"</Granule_List>": ""}, BrokenMetadataError, "MTD_MSIL2A.xml is no well-formed XML"),
        ({"</Tile_Geocoding>": ""}, BrokenMetadataError, "MTD_TL.xml is no well-formed XML"),
        ({"</dataObject>": ""}, BrokenMetadataError, "manifest.safe is no well-formed XML"),
    ],
    ids=str,
)
def test_what_cannot_be_ingested_is_refused_by_name(
    tmp_path: Path, edits: dict[str, str], error: type[ProductRefusedError], message: str
) -> None:
    with pytest.raises(error) as refused:
        read_local(write_product(tmp_path, edits), HEADERS)
    assert message in str(refused.value)
    assert type(refused.value) is error


def test_without_any_image_a_product_is_refused(tmp_path: Path) -> None:
    root = write_product(tmp_path)
    for image in IMAGES:
        (root / image).unlink()
    with pytest.raises(NoImagesError, match=r"^all 3 images that it lists are missing$"):
        read_local(root, HEADERS)


def test_what_is_no_product_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotASafeProductError, match=r"^it holds no product's metadata$"):
        read_local(tmp_path, HEADERS)
    (tmp_path / "manifest.safe").write_text("<XFDU/>")
    with pytest.raises(
        UnsupportedProductError, match="neither Sentinel-2 L1C or L2A nor Sentinel-1"
    ):
        read_local(tmp_path, HEADERS)
