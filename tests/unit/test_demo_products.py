"""The demo's products: complete, consistent, and readable by others."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio
from lxml import etree
from numpy.typing import NDArray
from safe_products import read_local
from small_demo import AUTUMN, EDGE, GRID, SPRING, observation_of, painter_of, product_of, write

from function.demo.itinerary import CELLS, GROUND, PASSES, SIZE
from function.demo.products import Step, write_demo
from function.demo.safe_writer import write_product
from function.scenes.image_header import read_image_header

NO_DATA, SHADOW, LEAVES, BARE, WATER, CLOUDS, CIRRUS = 0, 3, 4, 5, 6, (8, 9), 10
OFFSETS = {"S2A": 0, "S2B": -1000}


@dataclass(frozen=True, slots=True)
class Written:
    """A product on disk; images by band and resolution."""

    directory: Path

    @property
    def platform(self) -> str:
        return self.directory.name[:3]

    def path(self, band: str, resolution: int) -> Path:
        (found,) = self.directory.glob(f"GRANULE/*/*/**/*{band}_{resolution}m.jp2")
        return found

    def read(self, band: str, resolution: int) -> NDArray[np.int64]:
        with rasterio.open(self.path(band, resolution)) as image:
            samples: NDArray[np.int64] = image.read().astype(np.int64)
        return samples[0] if image.count == 1 else samples

    def reflectance(self, band: str, resolution: int) -> NDArray[np.float64]:
        return (self.read(band, resolution) + OFFSETS[self.platform]) / 10000.0

    def metadata(self) -> etree._Element:
        return etree.parse(self.directory / "MTD_MSIL2A.xml").getroot()

    def granule_metadata(self) -> etree._Element:
        (path,) = self.directory.glob("GRANULE/*/MTD_TL.xml")
        return etree.parse(path).getroot()


@pytest.fixture(scope="module")
def spring(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return Written(write(tmp_path_factory.mktemp("spring"), SPRING))


@pytest.fixture(scope="module")
def autumn(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return Written(write(tmp_path_factory.mktemp("autumn"), AUTUMN))


@pytest.fixture(scope="module", params=["spring", "autumn"])
def product(request: pytest.FixtureRequest) -> Written:
    written: Written = request.getfixturevalue(request.param)
    return written


def text(root: etree._Element, tag: str) -> str:
    (found,) = root.iterfind(f".//{tag}")
    assert found.text is not None
    return found.text


def files_of(directory: Path) -> Mapping[str, str]:
    return {
        path.relative_to(directory).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_a_second_run_writes_the_same_bytes(spring: Written, tmp_path: Path) -> None:
    assert files_of(write(tmp_path, SPRING)) == files_of(spring.directory)


def test_every_image_that_the_metadata_name_lies_there(product: Written) -> None:
    named = [entry.text for entry in product.metadata().iterfind(".//IMAGE_FILE")]
    masks = [entry.text for entry in product.granule_metadata().iterfind(".//MASK_FILENAME")]
    preview = text(product.granule_metadata(), "PVI_FILENAME")

    listed = {f"{name}.jp2" for name in named} | set(masks) | {preview}
    present = {name for name in files_of(product.directory) if name.endswith(".jp2")}
    assert listed == present
    assert len(named) == (36 if product.platform == "S2B" else 35)


def test_images_lie_where_the_metadata_put_them(product: Written) -> None:
    geocoding = product.granule_metadata().find(".//Tile_Geocoding")
    assert geocoding is not None
    for entry in product.metadata().iterfind(".//IMAGE_FILE"):
        resolution = str(entry.text)[-3:-1]
        (size,) = geocoding.iterfind(f"Size[@resolution='{resolution}']")
        (corner,) = geocoding.iterfind(f"Geoposition[@resolution='{resolution}']")
        with rasterio.open(product.directory / f"{entry.text}.jp2") as image:
            assert str(image.height) == size.findtext("NROWS")
            assert str(image.width) == size.findtext("NCOLS")
            assert image.crs.to_string() == geocoding.findtext("HORIZONTAL_CS_CODE")
            west, north = (float(corner.findtext(tag) or "nan") for tag in ("ULX", "ULY"))
            step = float(resolution)
            assert tuple(image.transform)[:6] == (step, 0, west, 0, -step, north)


def test_names_in_the_metadata_agree(product: Written) -> None:
    metadata, name = product.metadata(), product.directory.name
    platform, level, acquired, baseline, orbit, cell, generated = name[:-5].split("_")

    assert text(metadata, "PRODUCT_URI") == name
    assert level == "MSIL2A"
    assert f"{platform[0:1]}entinel-2{platform[2]}" == text(metadata, "SPACECRAFT_NAME")
    digits = str.maketrans("", "", "-:")
    assert text(metadata, "PRODUCT_START_TIME").translate(digits).startswith(acquired)
    assert text(metadata, "GENERATION_TIME").translate(digits).startswith(generated)
    assert f"N{text(metadata, 'PROCESSING_BASELINE').replace('.', '')}" == baseline
    assert f"R{int(text(metadata, 'SENSING_ORBIT_NUMBER')):03}" == orbit
    assert text(product.granule_metadata(), "TILE_ID").split("_")[-2] == cell


def test_the_manifest_lists_every_file_with_its_checksum(product: Written) -> None:
    manifest = etree.parse(product.directory / "manifest.safe").getroot()
    listed = {}
    for entry in manifest.iterfind(".//byteStream"):
        (location,) = entry.iterfind("fileLocation")
        path = product.directory / str(location.attrib["href"])
        assert entry.attrib["size"] == str(path.stat().st_size)
        assert hashlib.sha3_256(path.read_bytes()).hexdigest() == entry.findtext("checksum")
        listed[path.relative_to(product.directory).as_posix()] = path

    assert listed.keys() == files_of(product.directory).keys() - {"manifest.safe"}


def test_ingest_reads_the_product_without_a_warning(product: Written) -> None:
    read = read_local(product.directory, read_image_header)

    assert read.warnings == ()
    assert len(read.scene.assets) == len(list(product.directory.rglob("*.jp2"))) - 1  # no PVI
    offsets = {asset.offset for asset in read.scene.assets if asset.band.startswith("B")}
    assert offsets == {OFFSETS[product.platform]}


@pytest.mark.parametrize(("resolution", "bands"), [(10, 4), (20, 6), (60, 2)])
def test_gdal_opens_the_product_as_sentinel_2(
    product: Written, resolution: int, bands: int
) -> None:
    metadata = product.directory / "MTD_MSIL2A.xml"
    with rasterio.open(f"SENTINEL2_L2A:{metadata}:{resolution}m:EPSG_32632") as image:
        spectral = [name for name in image.descriptions if name.startswith("B")]
        samples = image.read(1)
        first = image.descriptions[0].split(",")[0]

    assert len(spectral) == bands
    own = product.read(f"B{int(first[1:]):02}", resolution)
    np.testing.assert_array_equal(samples, own)


def test_true_colour_shows_the_bands(product: Written) -> None:
    for resolution in (10, 20, 60):
        seen = product.read("TCI", resolution)
        for component, band in zip(seen, ("B04", "B03", "B02"), strict=True):
            valid = product.read(band, resolution) > 0
            reflectance = product.reflectance(band, resolution)
            expected = np.clip(reflectance / 0.25 * 254 + 1, 0, 255)
            assert np.abs(component - expected)[valid].max() <= 1.05
            assert component[~valid].max(initial=0) == 0


def test_coarser_images_are_means_of_finer_ones(product: Written) -> None:
    fine = product.read("B03", 10)
    for resolution in (20, 60):
        coarse = product.read("B03", resolution)
        step = resolution // 10
        blocks = fine.reshape(coarse.shape[0], step, coarse.shape[1], step)
        whole = (blocks > 0).all((1, 3))
        assert np.abs(blocks.mean((1, 3)) - coarse)[whole].max() <= 0.51
        assert whole.mean() > 0.7


def test_classes_agree_with_what_the_bands_show(product: Written) -> None:
    classes = product.read("SCL", 20)
    red, near, green, blue = (
        product.reflectance(band, 20) for band in ("B04", "B8A", "B03", "B02")
    )
    leafy = (near - red) / np.maximum(near + red, 1e-4)
    wet = (green - near) / np.maximum(green + near, 1e-4)
    cloud = np.isin(classes, CLOUDS)

    assert leafy[classes == LEAVES].mean() > 0.6
    assert leafy[classes == BARE].mean() < 0.4
    assert wet[classes == WATER].mean() > 0.3
    assert wet[classes == LEAVES].mean() < 0
    assert blue[classes == 9].min() > blue[classes == LEAVES].mean() + 0.2
    assert blue[cloud].mean() > 0.3
    assert near[classes == SHADOW].mean() < 0.75 * near[classes == LEAVES].mean()
    assert set(np.unique(classes)) <= {NO_DATA, SHADOW, LEAVES, BARE, WATER, *CLOUDS, CIRRUS}


def test_no_data_is_no_data_in_every_image(autumn: Written) -> None:
    classes = autumn.read("SCL", 20)
    missing = classes == NO_DATA
    assert 0.1 < missing.mean() < 0.9
    for band in ("B02", "B8A", "B12", "AOT", "WVP"):
        np.testing.assert_array_equal(autumn.read(band, 20) == 0, missing)
    np.testing.assert_array_equal((autumn.read("TCI", 20) == 0).all(0), missing)

    x = GRID.transform.c + (np.arange(GRID.width // 2) + 0.5) * 20
    y = GRID.transform.f - (np.arange(GRID.height // 2) + 0.5) * 20
    beyond = x[None, :] - EDGE.x > (y[:, None] - EDGE.y) * EDGE.slope
    np.testing.assert_array_equal(missing, beyond)


def test_nothing_is_missing_where_the_swath_covers_all(spring: Written) -> None:
    for band, resolution in (("B02", 10), ("B12", 20), ("B09", 60), ("SCL", 20)):
        assert spring.read(band, resolution).min() > 0


def test_the_offset_lifts_every_sample(spring: Written, autumn: Written) -> None:
    """Clear water tells: it reflects less than 0.005 in the short-wave infrared."""
    for written, dark in ((autumn, 40), (spring, 1040)):
        water = written.read("SCL", 20) == WATER
        darkest = np.percentile(written.read("B11", 20)[water], 5)
        assert darkest == pytest.approx(dark, abs=20)
    offsets = [entry.text for entry in spring.metadata().iterfind(".//BOA_ADD_OFFSET")]
    assert offsets == ["-1000"] * 13
    assert not list(autumn.metadata().iterfind(".//BOA_ADD_OFFSET"))


def test_seasons_differ_where_farmers_sow(spring: Written, autumn: Written) -> None:
    leaves = (spring.read("SCL", 20) == LEAVES) & (autumn.read("SCL", 20) == BARE)
    assert leaves.mean() > 0.01


def test_percentages_are_those_of_the_classes(product: Written) -> None:
    classes = product.read("SCL", 20)
    valid = (classes != NO_DATA).sum()
    cloudy = 100 * np.isin(classes, (*CLOUDS, CIRRUS)).sum() / valid

    metadata, granule = product.metadata(), product.granule_metadata()
    assert float(text(metadata, "Cloud_Coverage_Assessment")) == pytest.approx(cloudy, abs=1e-5)
    assert float(text(granule, "CLOUDY_PIXEL_PERCENTAGE")) == pytest.approx(cloudy, abs=1e-5)
    water = 100 * (classes == WATER).sum() / valid
    assert float(text(metadata, "WATER_PERCENTAGE")) == pytest.approx(water, abs=1e-5)
    missing = 100 * (classes == NO_DATA).mean()
    assert float(text(metadata, "NODATA_PIXEL_PERCENTAGE")) == pytest.approx(missing, abs=1e-5)


def test_masks_agree_with_the_classes(product: Written) -> None:
    classes = product.read("SCL", 20)
    (probable,) = product.directory.glob("GRANULE/*/QI_DATA/MSK_CLDPRB_20m.jp2")
    with rasterio.open(probable) as image:
        probability = image.read(1)
    assert probability.max() <= 100
    assert probability[classes == 9].min() > 60
    assert probability[np.isin(classes, (LEAVES, WATER, BARE))].max() < 20


def test_the_demo_is_five_products_below_80_megabytes(
    demo_products: tuple[Path, ...], demo_l1c: Path
) -> None:
    assert len(demo_products) == len(CELLS) * 2 == 4
    assert len(PASSES) == 3
    files = [
        path
        for product in (*demo_products, demo_l1c)
        for path in product.rglob("*")
        if path.is_file()
    ]
    assert sum(path.stat().st_size for path in files) < 80_000_000
    for product in demo_products:
        with rasterio.open(Written(product).path("B04", 10)) as image:
            assert image.shape == (SIZE, SIZE)
            # A real image's corner lies on multiples of 60 m, and so must every resolution's.
            assert image.transform.c % 60 == image.transform.f % 60 == 0


def test_both_cells_show_the_same_land_where_they_overlap(
    demo_products: tuple[Path, ...],
) -> None:
    by_pass: dict[str, list[Path]] = {}
    for product in demo_products:
        by_pass.setdefault(product.name[:26], []).append(product)
    for west, east in by_pass.values():
        overlap = round((CELLS["32UNE"] + 10 * SIZE - CELLS["32UPE"]) / 20)
        for band in ("B03", "SCL"):
            left, right = Written(west).read(band, 20), Written(east).read(band, 20)
            np.testing.assert_array_equal(left[:, -overlap:], right[:, :overlap])
    assert GROUND.bounds == (591480.0, 5966700.0, 618300.0, 5985000.0)


def test_a_complete_demo_is_left_alone(whole_demo: tuple[Path, ...]) -> None:
    demo_products = whole_demo
    before = {path: path.stat().st_mtime_ns for path in demo_products[0].rglob("*")}
    steps: list[Step] = []

    assert write_demo(demo_products[0].parent, steps.append) == demo_products

    assert steps == []
    assert {path: path.stat().st_mtime_ns for path in demo_products[0].rglob("*")} == before


def test_an_interrupted_product_is_finished_by_the_next_run(
    spring: Written, tmp_path: Path
) -> None:
    def interrupt(name: str) -> None:
        if "B07_20m" in name:
            raise KeyboardInterrupt

    painter = painter_of(SPRING, observation_of(SPRING))
    with pytest.raises(KeyboardInterrupt):
        write_product(tmp_path, product_of(SPRING), painter, interrupt)
    assert not list(tmp_path.glob("*.SAFE"))
    (partial,) = tmp_path.iterdir()
    kept = next(partial.rglob("*_B02_10m.jp2")).stat().st_mtime_ns

    finished = write(tmp_path, SPRING)

    assert next(finished.rglob("*_B02_10m.jp2")).stat().st_mtime_ns == kept
    assert files_of(finished) == files_of(spring.directory)
    assert list(tmp_path.iterdir()) == [finished]
