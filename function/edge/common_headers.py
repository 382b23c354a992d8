"""Headers that every answer carries."""

import falcon

from function.edge.ows import EXCEPTION_HEADER, SCENES_HEADER, WARNING_HEADER

# What a script of another site may read of an answer, beside what it always may.
OWN = f"{SCENES_HEADER}, {WARNING_HEADER}, {EXCEPTION_HEADER}"
EXPOSED = f"Content-Disposition, Content-Length, ETag, Server-Timing, traceresponse, {OWN}"
# A day: browsers keep it for two hours at most.
PREFLIGHT_SECONDS = 86_400


class CommonHeaders:
    """Falcon middleware: maps are public, and are what their Content-Type says."""

    def process_response(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        resource: object,  # noqa: ARG002
        req_succeeded: bool,  # noqa: ARG002
    ) -> None:
        resp.set_header("X-Content-Type-Options", "nosniff")
        resp.set_header("Access-Control-Allow-Origin", "*")
        resp.set_header("Access-Control-Expose-Headers", EXPOSED)
        resp.set_header("Timing-Allow-Origin", "*")
        if req.method == "OPTIONS":
            resp.set_header("Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS")
            resp.set_header(
                "Access-Control-Allow-Headers",
                "Content-Type, If-None-Match, traceparent, tracestate",
            )
            resp.set_header("Access-Control-Max-Age", str(PREFLIGHT_SECONDS))
