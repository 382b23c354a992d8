"""Why a product cannot be catalogued, by name."""

from function.errors import OperatorError


class ProductRefusedError(OperatorError):
    """Base of what keeps a product out of the catalogue; the message says what is wrong."""


class NotASafeProductError(ProductRefusedError):
    """The directory holds no product metadata of Sentinel-2."""


class UnsupportedProductError(ProductRefusedError):
    """It is a product, but of a kind that is not catalogued."""


class BrokenMetadataError(ProductRefusedError):
    """Metadata cannot be parsed, or lack or garble something that is needed."""


class UnfitArchiveError(ProductRefusedError):
    """The archive that holds it does not answer as reading needs it."""


class NoImagesError(ProductRefusedError):
    """None of the product's images can be read, so that no map could show it."""
