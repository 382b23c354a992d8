"""Which addresses of the archive clients are told of, and as what."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from function.settings import PREFIX, SettingsError

VARIABLE = f"{PREFIX}PUBLIC_ARCHIVE"
WEB = ("http", "https")


@dataclass(frozen=True, slots=True)
class PublishedArchive:
    """Pairs of a beginning of the archive's addresses and what clients reach it as.

    An address that begins with none of them is not told: a path or bucket of the operator's is
    nobody else's business.
    """

    prefixes: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, text: str) -> "PublishedArchive":
        """Read ``own=public`` pairs that blanks part; raises SettingsError.

        Of two beginnings that fit an address the longer counts.
        """
        pairs = [pair.partition("=") for pair in text.split()]
        for own, _, public in pairs:
            if not own.endswith("/") or not public.endswith("/") or not urlsplit(public).scheme:
                raise SettingsError(
                    f"{VARIABLE} is to list own/=https://public/ pairs, each side ending with a"
                    " slash"
                )
        ordered = sorted(pairs, key=lambda pair: len(pair[0]), reverse=True)
        return cls(tuple((own, public) for own, _, public in ordered))

    def address_of(self, href: str) -> str | None:
        """Tell what clients reach ``href`` as, None where they do not."""
        for own, public in self.prefixes:
            if href.startswith(own):
                path = href.removeprefix(own)
                # What is a URL of the web already has its characters escaped.
                if urlsplit(own).scheme not in WEB and urlsplit(public).scheme in WEB:
                    path = quote(path)
                return public + path
        return None
