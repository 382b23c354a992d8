"""A failure drawn into an image: the size, format and background that the map would have."""

import numpy as np
import pytest
from map_requests import decode, package_server, unhurried
from test_formats import DRIVERS

from function.picture import FailurePicture

MESSAGE = "layer 'Ä' is not published; there are <S2_L2A_NDVI> & [others] (trace 0123456789abcdef)"


@pytest.mark.parametrize("media_type", DRIVERS)
@pytest.mark.parametrize("blank", [False, True])
def test_it_is_a_picture_of_the_size_and_format_of_the_map(media_type: str, blank: bool) -> None:
    picture = FailurePicture(240, 90, media_type, False, "0xFFFFFF", blank)
    answer = package_server().draw_message(picture, MESSAGE, unhurried())
    assert answer.content_type == media_type
    if "8bit" not in media_type:
        pixels = decode(answer)[..., :3].astype(int)
        assert pixels.shape == (90, 240, 3)
        assert ((pixels < 128).any(axis=-1).sum() > 200) == (not blank)


def test_the_message_is_wrapped_to_fit() -> None:
    picture = FailurePicture(200, 200, "image/png", True, "0xFFFFFF", False)
    opacity = decode(package_server().draw_message(picture, MESSAGE, unhurried()))[..., 3]
    assert not opacity[:, -3:].any()
    lines = np.flatnonzero(opacity.any(axis=1))
    assert lines.max() - lines.min() > 3 * 12


def test_a_blank_one_is_its_background_alone() -> None:
    opaque = FailurePicture(30, 20, "image/png", False, "0x102030", True)
    assert (
        decode(package_server().draw_message(opaque, MESSAGE, unhurried())) == (16, 32, 48)
    ).all()
    clear = FailurePicture(30, 20, "image/png", True, "0x102030", True)
    assert not decode(package_server().draw_message(clear, MESSAGE, unhurried()))[..., 3].any()


@pytest.mark.parametrize("size", [(2, 2), (7, 400), (4096, 3)])
def test_any_size_can_be_drawn(size: tuple[int, int]) -> None:
    picture = FailurePicture(*size, "image/png", True, "0xFFFFFF", False)
    assert (
        decode(package_server().draw_message(picture, MESSAGE * 9, unhurried())).shape[:2]
        == size[::-1]
    )
