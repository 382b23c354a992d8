"""Lists in headers, short and safe."""

import re
from collections.abc import Sequence

# Proxies commonly refuse more than 4 to 8 KiB of headers in all. Ten product names are 600 bytes.
LISTED = 10
ENTRY_CHARACTERS = 200

_UNSAFE = re.compile(r"[^\x20-\x7e]")


def list_in_header(entries: Sequence[str]) -> str:
    """Join the first entries, each cut to length and to printable ASCII, and count the others."""
    listed = [_UNSAFE.sub("?", entry)[:ENTRY_CHARACTERS] for entry in entries[:LISTED]]
    if len(entries) > LISTED:
        listed.append(f"and {len(entries) - LISTED} more")
    return "; ".join(listed)
