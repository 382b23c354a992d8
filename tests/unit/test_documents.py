"""The documents say what the code does."""

import re
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import pytest

from function.command.main import SUBCOMMANDS
from function.command.run import addresses
from function.parse.times import read_times
from function.settings import PACKAGE_MAPFILE, About, Settings, described
from function.telemetry import names

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text()
TELEMETRY = (ROOT / "docs" / "telemetry.md").read_text()


def rows(document: str) -> list[list[str]]:
    """Every row of every table, as the text of its cells."""
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in document.splitlines()
        if line.startswith("|")
    ]


def about_settings() -> dict[str, About]:
    hints = get_type_hints(Settings, include_extras=True)
    return {name: hints[name].__metadata__[0] for name, *_ in described()}


@pytest.mark.parametrize(("name", "variable"), [(name, key) for name, key, *_ in described()])
def test_every_setting_is_documented_with_its_default(name: str, variable: str) -> None:
    (default,) = [setting.default for setting in fields(Settings) if setting.name == name]
    shown = default
    if isinstance(default, Path) and default.is_absolute():
        shown = default.relative_to(ROOT)
    expected = f"`{shown}`" if str(shown) else "empty"
    assert [f"`{variable}`", expected, about_settings()[name].text] in rows(README)


def test_no_setting_is_documented_that_does_not_exist() -> None:
    known = {variable for _, variable, *_ in described()}
    for document in DOCUMENTS:
        mentioned = set(re.findall(r"\bSENTINEL_OWS_[A-Z_]+\b", document.read_text()))
        assert mentioned <= known, document


DECLARED = {
    **names.SPANS,
    **names.ATTRIBUTES,
    **names.LOG_FIELDS,
    **names.RESOURCE_ATTRIBUTES,
}


@pytest.mark.parametrize("name", DECLARED)
def test_every_span_attribute_and_log_field_is_documented(name: str) -> None:
    assert [f"`{name}`", DECLARED[name]] in rows(TELEMETRY)


@pytest.mark.parametrize("metric", names.METRICS, ids=lambda metric: metric.name)
def test_every_metric_is_documented(metric: names.Metric) -> None:
    attributes = ", ".join(f"`{name}`" for name in metric.attributes)
    row = [f"`{metric.name}`", f"`{metric.unit}`", metric.description, attributes]
    assert row in rows(TELEMETRY)


def test_every_attribute_of_a_stage_or_metric_is_declared() -> None:
    used = {*names.STAGE_ATTRIBUTES.values()}
    used.update(name for metric in names.METRICS for name in metric.attributes)
    assert used <= set(names.ATTRIBUTES)


def test_the_boundaries_are_documented() -> None:
    boundaries = ", ".join(f"{boundary:g}" for boundary in names.DURATION_BOUNDARIES)
    assert boundaries in " ".join(TELEMETRY.split())


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        target
        for document in DOCUMENTS
        for target in re.findall(r"(?:^|`)make ([a-z-]+)", document.read_text(), re.MULTILINE)
    }
    assert {"run", "test"} <= named
    assert named <= targets


def test_every_subcommand_that_is_named_exists_and_all_are_named() -> None:
    named = {
        name
        for document in DOCUMENTS
        for name in re.findall(r"(?:`|bin/)sentinel-ows ([a-z]+)", document.read_text())
    }
    assert named == set(SUBCOMMANDS)


def test_the_code_map_is_the_tree() -> None:
    package = ROOT / "function"
    tree = {f"function/{path.name}" for path in package.glob("*.py") if path.stem != "__init__"}
    tree |= {
        f"function/{path.parent.relative_to(package)}/"
        for path in package.rglob("__init__.py")
        if path.parent != package
    }
    mapped = {cells[0].strip("`") for cells in rows(ARCHITECTURE) if len(cells) == 2}
    assert {name for name in mapped if name.startswith("function/")} == tree


def test_every_layer_is_documented() -> None:
    published = set(re.findall(r'\bNAME\s+"(S[12]_\w+)"', PACKAGE_MAPFILE.read_text()))
    assert published
    documented = {cells[0].strip("`") for cells in rows(README)}
    assert published <= documented


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text()
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if not target.startswith(("http://", "https://")):
            assert (document.parent / target).exists(), target


def test_pictures_are_small_enough_to_load_at_once() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert pictures
    for picture in pictures:
        assert 10_000 < (ROOT / picture).stat().st_size < 500_000


def test_the_readme_shows_the_map_that_a_start_prints() -> None:
    (printed,) = re.findall(r"http://\S+REQUEST=GetMap\S+", addresses(Settings()))
    assert printed in README.splitlines()


def test_every_time_of_the_readme_can_be_asked_for() -> None:
    (values,) = [cells[1] for cells in rows(README) if cells[0] == "`TIME`"]
    examples = re.findall(r"`([^`]+)`", values)
    assert len(examples) >= 5
    for example in examples:
        assert read_times(example)
