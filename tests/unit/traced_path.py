"""A request path of stand-ins whose spans can be looked at."""

from urllib.parse import urlencode

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from request_path import (
    MAP,
    StandInCatalogue,
    StandInPixels,
    StandInReader,
    StandInRenderer,
    stand_in_writer,
)

from function.answer import Answer, Asked, RequestPath
from function.deadline import Deadline
from function.settings import Settings
from function.telemetry import Telemetry
from function.turns import Turns

ADDRESS = "http://maps.example.org/ows?"


class Path:
    """A request path, its collaborators and the spans it left."""

    def __init__(self) -> None:
        self.catalogue = StandInCatalogue()
        self.reader = StandInReader()
        self.pixels = StandInPixels()
        self.renderer = StandInRenderer()
        self.settings = Settings()
        self.exporter = InMemorySpanExporter()
        self.telemetry = Telemetry({}, [SimpleSpanProcessor(self.exporter)])
        self.path: RequestPath | None = None

    def answer(self, changes: dict[str, str] | None = None, seconds: float = 60) -> Answer:
        self.path = self.path or RequestPath(
            self.catalogue,
            self.reader,
            self.renderer,
            stand_in_writer,
            self.pixels,
            self.settings,
            Turns(self.settings.threads or 4),
        )
        asked = Asked((urlencode(MAP | (changes or {})),), ADDRESS, Deadline.after(seconds))
        with self.telemetry.request("GET", "/ows", {}) as trace:
            return self.path.answer(asked, trace)

    def spans(self) -> list[ReadableSpan]:
        return [span for span in self.exporter.get_finished_spans() if span.name != "GET"]
