"""The form-encoded texts of a request: its query string and, with POST, its body.

A body of XML, as WCS has it, is read as the form that says the same.
"""

from urllib.parse import urlencode

import falcon

from function.errors import BodyTooLargeError, InvalidParameterError, UnknownBodyError
from function.parse.coverage.xml_request import read_xml

XML = frozenset({falcon.MEDIA_XML, "text/xml"})


def read_texts(request: falcon.Request, max_body_bytes: int) -> tuple[str, ...]:
    """Read the query string, and the body of a POST.

    Raises BodyTooLargeError, UnknownBodyError for a body that is neither form nor XML, and
    InvalidParameterError for bytes that are not UTF-8 and for XML that is no request.
    """
    texts = [read_query_string(request)]
    if request.method == "POST":
        body = read_body(request, max_body_bytes)
        media_type = _media_type(request)
        if media_type in XML and body:
            texts.append(urlencode(read_xml(body)))
        elif media_type == falcon.MEDIA_URLENCODED or not body:
            texts.append(_decode(body))
        else:
            raise UnknownBodyError(
                f"a POST body is read as {falcon.MEDIA_URLENCODED} or {falcon.MEDIA_XML} only"
            )
    return tuple(texts)


def is_document(request: falcon.Request) -> bool:
    """Whether a request comes as XML, which is WCS whatever else is wrong with it."""
    return request.method == "POST" and _media_type(request) in XML


def _media_type(request: falcon.Request) -> str:
    # A client that names no type (OWSLib does not) can mean nothing but a form.
    stated = request.content_type or falcon.MEDIA_URLENCODED
    return stated.split(";")[0].strip().lower()


def read_query_string(request: falcon.Request) -> str:
    """Read the query string; raises InvalidParameterError for bytes that are not UTF-8."""
    # WSGI hands the bytes of a URL over as Latin-1 (PEP 3333).
    return _decode(request.query_string.encode("latin-1"))


def read_body(request: falcon.Request, limit: int) -> bytes:
    """Read the body of a POST; raises BodyTooLargeError for more than ``limit`` bytes."""
    length = request.content_length
    if length is not None and length > limit:
        raise BodyTooLargeError(f"a body of {length} bytes is too large: at most {limit}")
    # A chunked body has no length: the server ends its stream, the limit our patience.
    stream = request.stream if length is None else request.bounded_stream
    body = stream.read(limit + 1)
    if len(body) > limit:
        raise BodyTooLargeError(f"the body is too large: at most {limit} bytes")
    return body


def _decode(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise InvalidParameterError("the parameters are not UTF-8") from error
