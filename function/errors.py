"""What can go wrong, by name, and the one table that maps it to HTTP and OGC."""

from dataclasses import dataclass


class OperatorError(Exception):
    """Base of every failure that whoever runs a command is told of, in one line."""


class UsageError(OperatorError):
    """The arguments of a command do not go together; the message says which."""


class OwsError(Exception):
    """Base of every failure that a client is told of; its message is written for the client."""


def with_notes(error: BaseException) -> str:
    """Tell an operator of a failure, with the notes that no client is told."""
    notes = getattr(error, "__notes__", ())
    return f"{error} ({'; '.join(notes)})" if notes else str(error)


class InvalidParameterError(OwsError):
    """A parameter's value does not parse or is out of range."""


class MissingParameterError(OwsError):
    """A parameter that the operation needs is absent."""


class RefusedParameterError(OwsError):
    """A parameter that reaches past the service (map=, SLD=<url>, …)."""


class UnknownOperationError(OwsError):
    """REQUEST or SERVICE names nothing that is served here."""


class UnknownLayerError(OwsError):
    """LAYERS names a layer that is not published."""


class UnknownStyleError(OwsError):
    """STYLES names a style that the layer does not have."""


class UnqueryableLayerError(OwsError):
    """QUERY_LAYERS names a layer that tells nothing of its features."""


class InvalidPointError(OwsError):
    """I and J, or X and Y, name no pixel of the map."""


class UnknownFormatError(OwsError):
    """FORMAT names an output that is not offered."""


class UnknownCrsError(OwsError):
    """CRS or SRS names a reference system that is not offered."""


class UnknownSceneError(OwsError):
    """SCENE names a product that the collection does not have."""


class UnknownCoverageError(OwsError):
    """A coverage is asked for that is not published."""


class MissingCoverageError(OwsError):
    """A description is asked for without the name of a coverage."""


class UnknownFieldError(OwsError):
    """A band is asked for that the coverage does not have."""


class InvalidAxisError(OwsError):
    """An axis is cut or scaled that coverages do not have."""


class InvalidSubsettingError(OwsError):
    """The part of a coverage that is asked for is none."""


class UnsupportedInterpolationError(OwsError):
    """A way of interpolation is asked for that is not offered."""


class VersionNegotiationError(OwsError):
    """None of the versions that a client accepts is served."""


class UnknownCollectionError(OwsError):
    """A path names a collection that the catalogue holds nothing of."""


class UnknownItemError(OwsError):
    """A path names a scene that the collection does not have."""


class InvalidTimeError(OwsError):
    """TIME does not parse or lies outside the layer's extent."""


class LimitExceededError(OwsError):
    """The request is larger than a limit; the message says which and its number."""


class BodyTooLargeError(OwsError):
    """A POST body is longer than the limit; the message says its number."""


class UnknownBodyError(OwsError):
    """A POST body is of a media type that is not read here."""


class DeadlineExceededError(OwsError):
    """The request's time budget is used up."""


class CatalogueUnavailableError(OwsError):
    """The catalogue cannot be reached now."""


class ServiceStoppingError(OwsError):
    """The service was told to stop, and gives up what it works on."""

    def __init__(self, message: str = "the service is stopping") -> None:
        super().__init__(message)


class SceneUnreadableError(OwsError):
    """An archive file cannot be fetched or decoded."""


class LayerUnavailableError(OwsError):
    """The database of a plain layer cannot be reached now."""


class ImageLackingError(SceneUnreadableError):
    """A scene lacks an image that the layer needs, as the catalogue knows: no failure to read."""


class ArchiveThrottledError(SceneUnreadableError):
    """The archive asks for fewer reads: worth another try a little later."""


class ArchiveUnavailableError(SceneUnreadableError):
    """The archive cannot be reached, does not answer in time, or fails by itself."""


class ArchiveDeniedError(SceneUnreadableError):
    """The archive refuses access: credentials are missing, wrong or not enough."""


class RenderError(OwsError):
    """MapServer failed to draw what it was given."""


@dataclass(frozen=True, slots=True)
class Fault:
    """How a failure is answered. ``wms_130`` differs from ``wms_111`` where the standards do.

    ``wcs`` is the code of WCS 2.0 (OGC 09-147r3, table 16, and its extensions), where there is
    one of its own; else it is NoApplicableCode.
    """

    status: int
    wms_111: str | None
    wms_130: str | None
    wcs: str | None = None


FAULTS: dict[type[OwsError], Fault] = {
    InvalidParameterError: Fault(
        400, "InvalidParameterValue", "InvalidParameterValue", "InvalidParameterValue"
    ),
    UnknownSceneError: Fault(
        400, "InvalidParameterValue", "InvalidParameterValue", "InvalidParameterValue"
    ),
    MissingParameterError: Fault(
        400, "MissingParameterValue", "MissingParameterValue", "MissingParameterValue"
    ),
    RefusedParameterError: Fault(
        400, "InvalidParameterValue", "InvalidParameterValue", "InvalidParameterValue"
    ),
    UnknownOperationError: Fault(
        400, "OperationNotSupported", "OperationNotSupported", "OperationNotSupported"
    ),
    UnknownLayerError: Fault(400, "LayerNotDefined", "LayerNotDefined", "InvalidParameterValue"),
    UnknownStyleError: Fault(400, "StyleNotDefined", "StyleNotDefined", "InvalidParameterValue"),
    UnqueryableLayerError: Fault(
        400, "LayerNotQueryable", "LayerNotQueryable", "InvalidParameterValue"
    ),
    InvalidPointError: Fault(400, "InvalidPoint", "InvalidPoint", "InvalidParameterValue"),
    UnknownFormatError: Fault(400, "InvalidFormat", "InvalidFormat", "InvalidParameterValue"),
    UnknownCrsError: Fault(400, "InvalidSRS", "InvalidCRS", "InvalidParameterValue"),
    UnknownCoverageError: Fault(404, "LayerNotDefined", "LayerNotDefined", "NoSuchCoverage"),
    MissingCoverageError: Fault(
        400, "MissingParameterValue", "MissingParameterValue", "emptyCoverageIdList"
    ),
    UnknownFieldError: Fault(404, "InvalidParameterValue", "InvalidParameterValue", "NoSuchField"),
    InvalidAxisError: Fault(
        404, "InvalidParameterValue", "InvalidParameterValue", "InvalidAxisLabel"
    ),
    InvalidSubsettingError: Fault(
        404, "InvalidParameterValue", "InvalidParameterValue", "InvalidSubsetting"
    ),
    UnsupportedInterpolationError: Fault(
        404, "InvalidParameterValue", "InvalidParameterValue", "InterpolationMethodNotSupported"
    ),
    VersionNegotiationError: Fault(
        400, "InvalidParameterValue", "InvalidParameterValue", "VersionNegotiationFailed"
    ),
    UnknownCollectionError: Fault(404, None, None),
    UnknownItemError: Fault(404, None, None),
    InvalidTimeError: Fault(
        400, "InvalidDimensionValue", "InvalidDimensionValue", "InvalidSubsetting"
    ),
    LimitExceededError: Fault(
        400, "InvalidParameterValue", "InvalidParameterValue", "InvalidParameterValue"
    ),
    BodyTooLargeError: Fault(413, None, None),
    UnknownBodyError: Fault(415, None, None),
    DeadlineExceededError: Fault(504, None, None),
    CatalogueUnavailableError: Fault(503, None, None),
    ServiceStoppingError: Fault(503, None, None),
    LayerUnavailableError: Fault(503, None, None),
    SceneUnreadableError: Fault(502, None, None),
    ImageLackingError: Fault(404, None, None),
    ArchiveThrottledError: Fault(503, None, None),
    ArchiveUnavailableError: Fault(502, None, None),
    ArchiveDeniedError: Fault(502, None, None),
    RenderError: Fault(500, None, None),
}


def fault_of(error: OwsError) -> Fault:
    """Find how ``error``, or the nearest of its base classes, is answered."""
    for kind in type(error).__mro__:
        if kind in FAULTS:
            return FAULTS[kind]
    return Fault(500, None, None)
