"""What the tests of the JPEG 2000 engine share."""

import pytest

from function.scenes.jpeg2000.openjpeg import OpenJpeg


@pytest.fixture(scope="session")
def openjpeg() -> OpenJpeg:
    return OpenJpeg()
