"""GetCapabilities and DescribeCoverage of WCS: MapServer answers them from the mapfile."""

from function.errors import InvalidParameterError, MissingCoverageError, UnknownCoverageError
from function.layer import Publication
from function.parse.coverage.version import WCS_100, WCS_111
from function.parse.parameters import Parameters, shown

GET_CAPABILITIES = "GetCapabilities"
DESCRIBE_COVERAGE = "DescribeCoverage"
OPERATIONS = (GET_CAPABILITIES, DESCRIBE_COVERAGE)

NAMES = {WCS_100: "COVERAGE", WCS_111: "IDENTIFIERS"}
SECTIONS = {
    WCS_100: (
        "/",
        "/WCS_Capabilities/Service",
        "/WCS_Capabilities/Capability",
        "/WCS_Capabilities/ContentMetadata",
    ),
}


def read_description(
    parameters: Parameters, operation: str, version: str, publication: Publication
) -> tuple[tuple[str, str], ...]:
    """The parameters of ``operation`` for MapServer; raises the OwsError for what is wrong."""
    if operation == GET_CAPABILITIES:
        return _read_sections(parameters, version)
    key = NAMES.get(version, "COVERAGEID")
    text = parameters.find(key)
    if text is None:
        if version == WCS_100:
            return (("COVERAGE", ",".join(publication.coverages)),)
        raise MissingCoverageError(f"{key} is missing")
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in publication.coverages:
            raise UnknownCoverageError(
                f"coverage {shown(name)!r} is not published;"
                f" there are {', '.join(publication.coverages)}"
            )
    return ((key, ",".join(dict.fromkeys(names))),)


def _read_sections(parameters: Parameters, version: str) -> tuple[tuple[str, str], ...]:
    found = []
    if version == WCS_100:
        section = parameters.choose("SECTION", SECTIONS[WCS_100])
        if section is not None and section != "/":
            found.append(("SECTION", section))
    elif (sections := parameters.find("SECTIONS")) is not None:
        if not sections.replace(",", "").isalpha():
            raise InvalidParameterError(f"SECTIONS={shown(sections)} does not parse")
        found.append(("SECTIONS", sections))
    sequence = parameters.find("UPDATESEQUENCE")
    if sequence is not None:
        found.append(("UPDATESEQUENCE", sequence))
    return tuple(found)
