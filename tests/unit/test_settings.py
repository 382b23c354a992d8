"""Settings from the environment."""

from pathlib import Path

import pytest

from function.settings import Jpeg2000Decoder, Settings, SettingsError, described


def test_nothing_set_is_the_defaults() -> None:
    assert Settings.from_environment({}) == Settings()


def test_each_kind_of_value_is_read() -> None:
    settings = Settings.from_environment(
        {
            "PORT": "9000",
            "SENTINEL_OWS_HOST": "::1",
            "SENTINEL_OWS_STATE_DIR": "/var/lib/maps",
            "SENTINEL_OWS_DEADLINE_SECONDS": "12.5",
            "SENTINEL_OWS_TRUST_FORWARDED": "true",
            "SENTINEL_OWS_JPEG2000_DECODER": "gdal",
        }
    )
    assert settings.port == 9000
    assert settings.host == "::1"
    assert settings.state_dir == Path("/var/lib/maps")
    assert settings.deadline_seconds == 12.5
    assert settings.trust_forwarded is True
    assert settings.jpeg2000_decoder is Jpeg2000Decoder.GDAL


@pytest.mark.parametrize(
    ("text", "value"),
    [("on", True), ("TRUE", True), ("1", True), ("off", False), ("False ", False), ("0", False)],
)
def test_a_switch_has_several_spellings(text: str, value: bool) -> None:
    settings = Settings.from_environment({"SENTINEL_OWS_TRUST_FORWARDED": text})
    assert settings.trust_forwarded is value


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("PORT", "http"),
        ("SENTINEL_OWS_DEADLINE_SECONDS", "soon"),
        ("SENTINEL_OWS_JPEG2000_DECODER", "kakadu"),
        ("SENTINEL_OWS_TRUST_FORWARDED", "maybe"),
        ("SENTINEL_OWS_TRUST_FORWARDED", ""),
    ],
)
def test_a_value_that_does_not_parse_is_named(variable: str, text: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        Settings.from_environment({variable: text})


def test_the_values_that_there_are_are_named() -> None:
    with pytest.raises(SettingsError, match=r"='kakadu' is none of auto, openjpeg, gdal$"):
        Settings.from_environment({"SENTINEL_OWS_JPEG2000_DECODER": "kakadu"})


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("SENTINEL_OWS_CONNECTIONS", "0"),
        ("SENTINEL_OWS_THREADS", "-1"),
        ("SENTINEL_OWS_MAX_SCENES", "-1"),
        ("SENTINEL_OWS_DEADLINE_SECONDS", "nan"),
        ("SENTINEL_OWS_DEADLINE_SECONDS", "inf"),
        ("SENTINEL_OWS_TILE_CACHE_BYTES", "-1"),
    ],
)
def test_a_number_out_of_range_is_named(variable: str, text: str) -> None:
    with pytest.raises(SettingsError, match=rf"{variable}.*out of range"):
        Settings.from_environment({variable: text})


def test_every_variable_is_one_settings_own() -> None:
    variables = [variable for _, variable, *_ in described()]
    assert len(set(variables)) == len(variables)
    assert {variable for variable in variables if not variable.startswith("SENTINEL_OWS_")} == {
        "PORT"
    }
