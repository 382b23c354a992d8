"""The requests of the README draw the pictures of the README."""

import re
from pathlib import Path

import numpy as np
import pytest
from pictures import decode_picture
from serving import Served

REPOSITORY = Path(__file__).resolve().parents[2]
README = (REPOSITORY / "README.md").read_text()
PICTURES = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
REQUESTS = re.findall(
    r"^http://127\.0\.0\.1:8080(/ows\?\S*REQUEST=GetMap\S*)$", README, re.MULTILINE
)

# Encoders of the two Debian releases round differently; another map differs by dozens.
MEAN_DIFFERENCE = 3.0


@pytest.mark.parametrize(
    ("picture", "request_line", "service"),
    [
        (picture, line, "irish_service" if "ireland" in picture else "demo_service")
        for picture, line in zip(PICTURES, REQUESTS, strict=True)
    ],
    ids=PICTURES,
)
def test_a_request_of_the_readme_draws_its_picture(
    picture: str, request_line: str, service: str, request: pytest.FixtureRequest
) -> None:
    served: Served = request.getfixturevalue(service)
    reply = served.ask(request_line)
    assert reply.status == 200
    drawn, opacity = decode_picture(reply.body)
    shown, shown_opacity = decode_picture((REPOSITORY / picture).read_bytes())
    assert drawn.shape == shown.shape
    assert np.abs(drawn - shown).mean() < MEAN_DIFFERENCE
    assert np.abs(opacity - shown_opacity).mean() < MEAN_DIFFERENCE
