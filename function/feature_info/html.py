"""Features as a page of HTML: a table for each."""

from collections.abc import Iterator, Sequence
from html import escape

from function.feature import Feature, Place
from function.feature_info.facts import facts_of
from function.feature_info.text import NOTHING

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Features</title>
<style>
body {{ font: 14px sans-serif; }}
caption {{ font-weight: bold; text-align: left; padding: 4px 0; }}
th {{ font-weight: normal; text-align: left; color: #555; padding-right: 1em; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def write_html(features: Sequence[Feature], _place: Place) -> bytes:
    tables = ["\n".join(_table(feature)) for feature in features]
    return _PAGE.format(body="\n".join(tables) or f"<p>{NOTHING}</p>").encode()


def _table(feature: Feature) -> Iterator[str]:
    yield f"<table>\n<caption>{escape(feature.layer)}</caption>"
    for name, value in facts_of(feature):
        shown = "unknown" if value is None else str(value)
        yield f'<tr><th scope="row">{escape(name)}</th><td>{escape(shown)}</td></tr>'
    yield "</table>"
