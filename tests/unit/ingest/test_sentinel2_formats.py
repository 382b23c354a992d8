"""Sentinel-2 as its formats were: L1C, masks in GML, names before the compact format."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from affine import Affine
from safe_products import (
    GRANULE_XML,
    MANIFEST_XML,
    NO_EDITS,
    PRODUCT_XML,
    Header,
    header_reader,
    read_local,
)

from function.grid import Grid
from function.ingest.errors import BrokenMetadataError
from function.ingest.granule_metadata import IMAGE_MASKS
from function.ingest.spectral_bands import BANDS, NATIVE_RESOLUTIONS
from function.scene import VectorMask

L1C = "S2A_MSIL1C_20170601T114351_N0205_R123_T29UNU_20170601T114348"
GRANULE = "GRANULE/L1C_T29UNU_A010148_20170601T114348"
STEM = "T29UNU_20170601T114351"
LEVEL_1C = MappingProxyType(
    {
        "S2MSI2A<": "S2MSI1C<",
        '<BOA_QUANTIFICATION_VALUE unit="none">10000</BOA_QUANTIFICATION_VALUE>': (
            '<QUANTIFICATION_VALUE unit="none">10000</QUANTIFICATION_VALUE>'
        ),
        '<BOA_ADD_OFFSET band_id="3">-1000</BOA_ADD_OFFSET>': "",
    }
)
EARLY_2A = MappingProxyType(
    {
        "BOA_QUANTIFICATION_VALUE": "L2A_BOA_QUANTIFICATION_VALUE",
        '<BOA_ADD_OFFSET band_id="3">-1000</BOA_ADD_OFFSET>': "",
    }
)
GML_MASKS = "".join(
    f'<MASK_FILENAME bandId="{number}" type="MSK_{kind}">'
    f"{GRANULE}/QI_DATA/MSK_{kind}_{band}.gml</MASK_FILENAME>"
    for number, band in enumerate(BANDS)
    for kind in ("DEFECT", "NODATA")
) + (f'<MASK_FILENAME type="MSK_CLOUDS">{GRANULE}/QI_DATA/MSK_CLOUDS_B00.gml</MASK_FILENAME>')
READ_HEADER = header_reader("EPSG:32629", 499980.0, 5900040.0)


def read_header(href: str) -> Header:
    """Read a header by the native resolution of the band that the name ends with."""
    step = NATIVE_RESOLUTIONS.get(Path(href).stem[-3:])
    if step is None:
        return READ_HEADER(href)
    size = 109800 // step
    grid = Grid("EPSG:32629", Affine(step, 0.0, 499980.0, 0.0, -step, 5900040.0), size, size)
    return Header(grid, 3 if "TCI" in href else 1, 8 if "TCI" in href else 15)


def edited(text: str, edits: Mapping[str, str]) -> str:
    for old, new in edits.items():
        assert old in text
        text = text.replace(old, new)
    return text


def between(text: str, start: str, end: str, new: str) -> str:
    """Put ``new`` in place of what lies from ``start`` to before ``end``."""
    return text[: text.index(start)] + new + text[text.index(end) :]


def write(root: Path, contents: Mapping[str, str]) -> Path:
    for path, content in contents.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    return root


def write_l1c(
    directory: Path, product: Mapping[str, str] = NO_EDITS, masks: str = GML_MASKS
) -> Path:
    """Write an L1C product of baseline 02.05 in compact format, with all its images and masks."""
    images = [f"{GRANULE}/IMG_DATA/{STEM}_{band}" for band in (*BANDS, "TCI")]
    listed = "".join(f"<IMAGE_FILE>{image}</IMAGE_FILE>" for image in images)
    text = between(edited(PRODUCT_XML, LEVEL_1C), "<IMAGE_FILE>", "</Granule>", listed)
    quality = f"{GRANULE}/QI_DATA/MSK_"
    vectors = [f"{quality}CLOUDS_B00.gml", *(f"{quality}NODATA_{band}.gml" for band in BANDS)]
    return write(
        directory / f"{L1C}.SAFE",
        {
            "MTD_MSIL1C.xml": edited(text, product),
            "manifest.safe": MANIFEST_XML,
            f"{GRANULE}/MTD_TL.xml": between(
                GRANULE_XML, "<MASK_FILENAME", "</Pixel_Level_QI>", masks
            ),
            **{f"{image}.jp2": "jp2k" for image in images},
            **dict.fromkeys((*vectors, f"{quality}CLASSI_B00.jp2"), "mask"),
        },
    )


def test_level_1c_with_masks_in_gml(tmp_path: Path) -> None:
    root = write_l1c(tmp_path)
    read = read_local(root, read_header)
    assert read.warnings == ()
    assert read.scene.collection == "sentinel-2-l1c"
    assert [(each.band, each.resolution) for each in read.scene.assets] == [
        *((band, float(NATIVE_RESOLUTIONS[band])) for band in BANDS),
        ("TCI", 10.0),
    ]
    *bands, colour = read.scene.assets
    assert {(each.offset, each.quantification, each.nodata) for each in bands} == {(0, 10000, 0)}
    assert (colour.components, colour.quantification, colour.nodata) == (3, 1, 0)
    quality = f"{root}/{GRANULE}/QI_DATA"
    assert read.scene.vector_masks == (
        *(VectorMask("NODATA", f"{quality}/MSK_NODATA_{band}.gml", band) for band in BANDS),
        VectorMask("CLOUDS", f"{quality}/MSK_CLOUDS_B00.gml"),
    )


def test_level_1c_since_baseline_04_00(tmp_path: Path) -> None:
    offsets = "".join(
        f'<RADIO_ADD_OFFSET band_id="{number}">{-1000 - number}</RADIO_ADD_OFFSET>'
        for number in range(len(BANDS))
    )
    mask = f'<MASK_FILENAME type="MSK_CLASSI">{GRANULE}/QI_DATA/MSK_CLASSI_B00.jp2</MASK_FILENAME>'
    marker = "<BOA_ADD_OFFSET_VALUES_LIST>"
    root = write_l1c(tmp_path, {marker: marker + offsets, ">05.10<": ">05.12<"}, mask)
    scene = read_local(root, read_header).scene
    assert scene.baseline == "05.12"
    assert {each.band: each.offset for each in scene.assets} == {
        **{band: -1000.0 - number for number, band in enumerate(BANDS)},
        "TCI": 0.0,
        "MSK_CLASSI": 0.0,
    }
    assert scene.assets[-1].nodata is None
    assert scene.vector_masks == ()


def test_vector_masks_that_are_missing_are_told(tmp_path: Path) -> None:
    root = write_l1c(tmp_path)
    for name in ("CLOUDS_B00", "NODATA_B8A"):
        (root / GRANULE / "QI_DATA" / f"MSK_{name}.gml").unlink()
    read = read_local(root, read_header)
    assert len(read.scene.vector_masks) == len(BANDS) - 1
    assert read.warnings == ("2 vector masks are missing: MSK_NODATA_B8A.gml, MSK_CLOUDS_B00.gml",)


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        ({"/MSK_CLOUDS": "/../../../MSK_CLOUDS"}, "outside the product"),
        ({"GRANULE/L1C": "https://elsewhere/L1C"}, "outside the product"),
        ({'bandId="12"': 'bandId="13"'}, "MASK_FILENAME of unknown band 13"),
    ],
)
def test_hostile_masks_are_refused(tmp_path: Path, edits: dict[str, str], message: str) -> None:
    root = write_l1c(tmp_path, masks=edited(GML_MASKS, edits))
    with pytest.raises(BrokenMetadataError, match=message):
        read_local(root, read_header)


def test_level_1c_before_the_compact_format(tmp_path: Path) -> None:
    """One granule, named in full; images and masks by their names alone (until December 2016)."""
    name = "S2A_OPER_PRD_MSIL1C_PDMC_20161004T185912_R123_V20161004T114351_20161004T114348"
    granule = "S2A_OPER_MSI_L1C_TL_SGS__20161004T170200_A006712_T29UNU"
    product = edited(
        PRODUCT_XML,
        {
            **LEVEL_1C,
            "<Granule ": "<Granules ",
            "</Granule>": "</Granules>",
            "S2A_OPER_MSI_L2A_TL_2APS_20240601T170000_A046720_T29UNU_N05.10": f"{granule}_N02.04",
        },
    )
    listed = "".join(f"<IMAGE_ID>{granule}_{band}</IMAGE_ID>" for band in BANDS)
    mask = granule.replace("_MSI_L1C_TL", "_MSK_CLOUDS") + "_B00_MSIL1C.gml"
    directory = f"GRANULE/{granule}_N02.04"
    root = write(
        tmp_path / f"{name}.SAFE",
        {
            f"{name.replace('PRD_MSIL1C', 'MTD_SAFL1C')}.xml": between(
                product, "<IMAGE_FILE>", "</Granules>", listed
            ),
            "manifest.safe": MANIFEST_XML,
            f"{directory}/{granule.replace('MSI', 'MTD')}.xml": between(
                GRANULE_XML,
                "<MASK_FILENAME",
                "</Pixel_Level_QI>",
                f'<MASK_FILENAME type="MSK_CLOUDS">{mask}</MASK_FILENAME>',
            ),
            f"{directory}/QI_DATA/{mask}": "mask",
            **{f"{directory}/IMG_DATA/{granule}_{band}.jp2": "jp2k" for band in BANDS},
        },
    )
    read = read_local(root, read_header)
    assert read.warnings == ()
    assert read.scene.cell == "29UNU"
    assert [each.band for each in read.scene.assets] == list(BANDS)
    assert read.scene.assets[0].href == f"{root}/{directory}/IMG_DATA/{granule}_B01.jp2"
    assert read.scene.vector_masks == (VectorMask("CLOUDS", f"{root}/{directory}/QI_DATA/{mask}"),)


def test_level_2a_before_the_compact_format(tmp_path: Path) -> None:
    """As Sen2Cor made it of such an L1C product: a directory for each resolution."""
    name = "S2A_USER_PRD_MSIL2A_PDMC_20161004T185912_R123_V20161004T114351_20161004T114348"
    granule = "S2A_USER_MSI_L2A_TL_SGS__20161004T170200_A006712_T29UNU"
    directory = f"GRANULE/{granule}_N02.04"
    images = [f"{granule}_{band}" for band in ("B04_10m", "SCL_20m", "AOT_60m")]
    listed = "".join(f"<IMAGE_ID_2A>{image}</IMAGE_ID_2A>" for image in images)
    product = edited(
        PRODUCT_XML,
        {
            **EARLY_2A,
            "S2A_OPER_MSI_L2A_TL_2APS_20240601T170000_A046720_T29UNU_N05.10": f"{granule}_N02.04",
        },
    )
    root = write(
        tmp_path / f"{name}.SAFE",
        {
            f"{name.replace('PRD_MSIL2A', 'MTD_SAFL2A')}.xml": between(
                product, "<IMAGE_FILE>", "</Granule>", listed
            ),
            f"{directory}/{granule.replace('MSI', 'MTD')}.xml": between(
                GRANULE_XML, "<MASK_FILENAME", "</Pixel_Level_QI>", ""
            ),
            **{f"{directory}/IMG_DATA/R{image[-3:]}/{image}.jp2": "jp2k" for image in images},
        },
    )
    read = read_local(root, READ_HEADER)
    assert [(each.band, each.resolution) for each in read.scene.assets] == [
        ("B04", 10.0), ("SCL", 20.0), ("AOT", 60.0),
    ]  # fmt: skip
    assert read.scene.assets[0].quantification == 10000.0
    assert read.warnings == ("manifest.safe is missing",)


def test_level_2a_whose_images_are_named_by_their_level(tmp_path: Path) -> None:
    """Compact, as Sen2Cor made it in 2017."""
    granule = "GRANULE/L2A_T29UNU_A010148_20170601T114348"
    image = f"{granule}/IMG_DATA/R20m/L2A_{STEM}_B8A_20m"
    product = between(
        edited(PRODUCT_XML, EARLY_2A),
        "<IMAGE_FILE>",
        "</Granule>",
        f"<IMAGE_FILE_2A>{image}</IMAGE_FILE_2A>",
    )
    root = write(
        tmp_path / "S2A_MSIL2A_20170601T114351_N0205_R123_T29UNU_20170601T114348.SAFE",
        {
            "MTD_MSIL2A.xml": product,
            f"{granule}/MTD_TL.xml": between(
                GRANULE_XML, "<MASK_FILENAME", "</Pixel_Level_QI>", ""
            ),
            f"{image}.jp2": "jp2k",
        },
    )
    (asset,) = read_local(root, READ_HEADER).scene.assets
    assert (asset.band, asset.resolution, asset.href) == ("B8A", 20.0, f"{root}/{image}.jp2")


def test_the_bands_of_masks_are_those_that_reading_asks_for() -> None:
    assert set(IMAGE_MASKS.values()) == {"CLDPRB", "SNWPRB", "MSK_CLASSI"}
