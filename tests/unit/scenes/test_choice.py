"""The rule of choosing files and reductions, at its edges."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from function.errors import ImageLackingError
from function.grid import Grid
from function.layer import ArchiveLayer, LayerKind
from function.scene import Asset, Scene
from function.scenes.choice import Choice, choose, choose_unreduced
from function.scenes.images import choose_images, lacking_bands

SIZE = {10: 10980, 20: 5490, 60: 1830}


def image(band: str, resolution: int) -> Asset:
    grid = Grid(
        "EPSG:32629",
        Affine(resolution, 0, 499980, 0, -resolution, 5900040),
        SIZE[resolution],
        SIZE[resolution],
    )
    components = 3 if band == "TCI" else 1
    return Asset(band, f"{band}_{resolution}m.jp2", grid, components, 8 if components > 1 else 15)


def scene(*assets: Asset) -> Scene:
    moment = datetime(2026, 6, 1, tzinfo=UTC)
    return Scene(
        "sentinel-2-l2a", "S2A", moment, moment, "S2A", "05.12", "", 23, "29UNU", 0.0, "", assets
    )


EVERY_B04 = [image("B04", 10), image("B04", 20), image("B04", 60)]
TRUE_COLOUR = ArchiveLayer(
    "TC", "sentinel-2-l2a", LayerKind.COLOUR, ("B04", "B03", "B02"), visual="TCI"
)


def files(choices: tuple[Choice | None, ...]) -> list[tuple[str, int] | None]:
    return [None if choice is None else (choice.asset.href, choice.reduction) for choice in choices]


@pytest.mark.parametrize(
    ("resolution", "file", "reduction"),
    [
        # Nothing is fine enough: the finest.
        (0.6, "B04_10m.jp2", 0),
        (9.0, "B04_10m.jp2", 0),
        (10.0, "B04_10m.jp2", 0),
        # A little less than twice 10 m needs 10 m still; 5 % off does not.
        (19.0, "B04_10m.jp2", 0),
        (19.1, "B04_10m.jp2", 1),
        # Samples of 20 m are cheaper from the large code-blocks of the 10 m file.
        (20.0, "B04_10m.jp2", 1),
        (38.0, "B04_10m.jp2", 1),
        (38.1, "B04_10m.jp2", 2),
        (57.0, "B04_10m.jp2", 2),
        # From here on 60 m are fine enough, and there are far fewer of them.
        (57.2, "B04_60m.jp2", 0),
        (76.1, "B04_60m.jp2", 0),
        (76.3, "B04_10m.jp2", 3),
        (160.0, "B04_10m.jp2", 4),
        # Beyond, the few samples of the 60 m file.
        (480.0, "B04_60m.jp2", 3),
        (5000.0, "B04_60m.jp2", 4),
    ],
)
def test_cheapest_that_does_not_blur(resolution: float, file: str, reduction: int) -> None:
    choice = choose(EVERY_B04, resolution)
    assert choice is not None
    assert (choice.asset.href, choice.reduction) == (file, reduction)


@pytest.mark.parametrize("resolution", [3.0, 10.0, 14.0, 20.0, 33.0, 60.0, 100.0, 250.0, 1e4])
def test_choice_is_never_coarser_than_the_grid_where_it_need_not_be(resolution: float) -> None:
    for present in (EVERY_B04, EVERY_B04[1:], EVERY_B04[2:]):
        choice = choose(present, resolution)
        assert choice is not None
        finest = min(asset.resolution for asset in present)
        assert choice.spacing <= max(resolution * 1.05, finest)


@given(
    st.sets(st.sampled_from([10, 20, 60]), min_size=1),
    st.floats(0.1, 5000) | st.sampled_from([10.0, 20.0, 40.0, 60.0, 80.0, 160.0, 320.0]),
    st.sampled_from(["B04", "TCI"]),
)
def test_nothing_that_would_do_is_cheaper_or_where_nothing_would_finer(
    sizes: set[int], resolution: float, band: str
) -> None:
    assets = [image(band, size) for size in sorted(sizes)]
    choice = choose(assets, resolution)
    assert choice is not None
    every = [Choice(asset, reduction) for asset in assets for reduction in range(5)]
    sharp = [other for other in every if other.spacing <= 1.05 * resolution]
    if sharp:
        assert choice in sharp
        assert all(choice.cost <= other.cost for other in sharp)
    else:
        assert all(choice.spacing <= other.spacing for other in every)


@pytest.mark.parametrize(
    ("resolution", "file", "reduction"),
    [
        (19.0, "TCI_10m.jp2", 0),
        (19.1, "TCI_20m.jp2", 0),
        (38.0, "TCI_20m.jp2", 0),
        (38.1, "TCI_20m.jp2", 1),
        (57.2, "TCI_60m.jp2", 0),
        (114.2, "TCI_60m.jp2", 0),
        (114.4, "TCI_60m.jp2", 1),
        (229.0, "TCI_60m.jp2", 2),
    ],
)
def test_visual_image_at_the_edges_of_the_rule(
    resolution: float, file: str, reduction: int
) -> None:
    choice = choose([image("TCI", size) for size in SIZE], resolution)
    assert choice is not None
    assert (choice.asset.href, choice.reduction) == (file, reduction)


def test_only_what_the_scene_has_counts() -> None:
    choice = choose([image("B04", 60)], 10.0)
    assert choice is not None
    assert (choice.asset.href, choice.reduction) == ("B04_60m.jp2", 0)
    assert choose([], 10.0) is None


def test_codes_are_never_reduced() -> None:
    every = [image("SCL", 20), image("SCL", 60)]
    chosen = [choose_unreduced(every, resolution) for resolution in (10.0, 57.0, 57.2, 1000.0)]
    assert [(c.asset.href, c.reduction) for c in chosen if c is not None] == [
        ("SCL_20m.jp2", 0),
        ("SCL_20m.jp2", 0),
        ("SCL_60m.jp2", 0),
        ("SCL_60m.jp2", 0),
    ]


def test_visual_image_goes_before_bands() -> None:
    every = [image(band, size) for band in ("B02", "B03", "B04", "TCI") for size in SIZE]
    assert files(choose_images(TRUE_COLOUR, scene(*every), 10.0)) == [("TCI_10m.jp2", 0)]
    assert files(choose_images(TRUE_COLOUR, scene(*every), 60.0)) == [("TCI_60m.jp2", 0)]
    # Finer than any: it blurs no more than the bands do.
    assert files(choose_images(TRUE_COLOUR, scene(*every), 2.0)) == [("TCI_10m.jp2", 0)]


def test_bands_go_before_a_coarser_visual_image() -> None:
    bands = [image(band, 10) for band in ("B02", "B03", "B04")]
    partial = scene(*bands, image("TCI", 60))
    assert files(choose_images(TRUE_COLOUR, partial, 10.0)) == [
        ("B04_10m.jp2", 0),
        ("B03_10m.jp2", 0),
        ("B02_10m.jp2", 0),
    ]
    assert files(choose_images(TRUE_COLOUR, partial, 60.0)) == [("TCI_60m.jp2", 0)]


def test_visual_image_stands_in_for_lacking_bands() -> None:
    partial = scene(image("B02", 10), image("TCI", 60))
    assert files(choose_images(TRUE_COLOUR, partial, 10.0)) == [("TCI_60m.jp2", 0)]


def test_substitute_only_where_the_band_is_lacking() -> None:
    layer = ArchiveLayer(
        "NDVI",
        "sentinel-2-l2a",
        LayerKind.INDEX,
        ("B04", "B08"),
        substitutes=(("B08", "B8A"),),
        expression="(B08-B04)/(B08+B04)",
    )
    both = scene(image("B04", 10), image("B08", 10), image("B8A", 20))
    assert files(choose_images(layer, both, 60.0))[1] == ("B08_10m.jp2", 2)
    coarse = scene(image("B04", 60), image("B8A", 60))
    assert files(choose_images(layer, coarse, 60.0)) == [("B04_60m.jp2", 0), ("B8A_60m.jp2", 0)]
    with pytest.raises(ImageLackingError, match=r"has no B08$"):
        choose_images(layer, scene(image("B04", 60)), 60.0)


def test_of_values_there_are_those_that_the_scene_has() -> None:
    layer = ArchiveLayer(
        "S2", "s", LayerKind.VALUES, ("B02", "B04", "B08"), substitutes=(("B08", "B8A"),)
    )
    some = scene(image("B04", 10), image("B8A", 20))
    assert files(choose_images(layer, some, 20.0)) == [None, ("B04_10m.jp2", 1), ("B8A_20m.jp2", 0)]
    assert lacking_bands(layer, some) == ("B02",)
    with pytest.raises(ImageLackingError, match=r"has no B02, B04, B08$"):
        choose_images(layer, scene(image("B03", 10)), 20.0)


def test_bands_of_other_sizes_are_read_like_ten_metres() -> None:
    odd = image("B04", 10)
    grid = replace(odd.grid, transform=Affine(15, 0, 0, 0, -15, 0))
    choice = choose([replace(odd, grid=grid)], 60.0)
    assert choice is not None
    assert choice.reduction == 2
