"""Text of others, made fit for a terminal."""

UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"


def printable(text: str) -> str:
    """Replace what a terminal might obey rather than show.

    That is whatever Unicode has as no character to be seen: controls, among them the one that
    escape sequences begin with and line breaks, marks that turn the direction of writing, and
    bytes of a file's name that are no text.
    """
    return "".join(each if each.isprintable() else UNPRINTABLE for each in text)
