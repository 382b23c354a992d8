"""Service and version that a failure is reported in."""

from collections.abc import Sequence
from dataclasses import dataclass

from function.errors import OwsError
from function.parse.coverage import version as coverage_version
from function.parse.coverage.request import SERVICE as WCS
from function.parse.feature_info import SERVICE as WMS
from function.parse.parameters import Parameters, decode_form
from function.parse.request import OPERATIONS, read_service
from function.parse.version import WMS_130, negotiate


@dataclass(frozen=True, slots=True)
class ReportedVersion:
    """A service and one of its versions."""

    service: str
    version: str


def reported_version(texts: Sequence[str]) -> ReportedVersion:
    """The version to report a failure in: as negotiated, the highest where that fails too.

    ``texts`` are the request's form-encoded texts, which may be what failed. A service that is not
    served counts as WMS.
    """
    service = WMS
    try:
        parameters = Parameters(decode_form(*texts))
        if (parameters.find("SERVICE") or WMS).upper() in OPERATIONS:
            service = read_service(parameters)
        if service == WCS:
            return ReportedVersion(WCS, coverage_version.negotiate(parameters))
        return ReportedVersion(WMS, negotiate(parameters))
    except OwsError:
        highest = coverage_version.HIGHEST if service == WCS else WMS_130
        return ReportedVersion(service, highest)
