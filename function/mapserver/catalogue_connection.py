"""The catalogue's database as a plain PostGIS layer of the mapfile is given it."""

from urllib.parse import parse_qsl, quote, urlsplit

# What a mapfile writes as CONNECTION to mean the catalogue.
CATALOGUE = "catalogue"

# MapServer cannot be interrupted while it waits for the database, and nothing else is drawn
# meanwhile. Three seconds reach any database that is up; outlines of grid cells take milliseconds.
CONNECT_SECONDS = 3
STATEMENT_MILLISECONDS = 8000


def bounded_connection(database_url: str) -> str:
    """``database_url`` with limits to connecting and to a statement, where it states none.

    libpq reads the URL form as it is (PostgreSQL manual, "Connection URIs").
    """
    stated = {key for key, _ in parse_qsl(urlsplit(database_url).query)}
    limits = {
        "connect_timeout": str(CONNECT_SECONDS),
        "options": f"-c statement_timeout={STATEMENT_MILLISECONDS}",
    }
    added = [f"{key}={quote(text)}" for key, text in limits.items() if key not in stated]
    if not added:
        return database_url
    return database_url + ("&" if "?" in database_url else "?") + "&".join(added)
