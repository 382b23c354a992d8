"""Other threads go on while MapServer draws, and its errors come through unchanged."""

import gc
import socket
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import mapscript
import pytest
from map_requests import ONLINE_RESOURCE, UTM, get_map, package_server, unhurried
from mapfiles import write_mapfile

from function.deadline import Deadline
from function.errors import DeadlineExceededError, LayerUnavailableError, UnknownLayerError
from function.mapserver.dispatch import FAILURES, dispatch, one_at_a_time
from function.mapserver.server import MapServer
from function.mapserver.unlocked_dispatch import dispatch_unlocked

SECONDS = 20

REQUESTS: tuple[dict[str, str], ...] = (
    {},
    {"LAYERS": "nowhere"},
    {"VERSION": ""},
    {"SERVICE": "", "REQUEST": "Nothing"},
    {"REQUEST": "GetCapabilities"},
)


def database_layer(connection: str) -> str:
    return f"""
    LAYER
      NAME "far" TYPE POLYGON STATUS OFF
      CONNECTIONTYPE POSTGIS CONNECTION "{connection}" DATA "shape FROM areas"
      PROJECTION "init=epsg:32629" END
      METADATA "wms_title" "far" "wms_extent" "400000 5700000 600000 5900000" END
      CLASS STYLE COLOR 200 10 20 END END
    END
    """


def write_enabled_mapfile(directory: Path) -> Path:
    layer = database_layer("host=127.0.0.1 port=1")
    return write_mapfile(directory, layer, metadata='"ows_enable_request" "*"')


def test_other_threads_run_while_a_layer_waits_for_its_database(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as drawing:
        listener.settimeout(2 * SECONDS)
        # Without an answer the layer gives up by itself, so that this fails rather than hangs.
        away = (
            f"host=127.0.0.1 port={listener.getsockname()[1]} dbname=x sslmode=disable"
            f" gssencmode=disable connect_timeout={SECONDS}"
        )
        server = MapServer(write_mapfile(tmp_path, database_layer(away)), "")
        answer = drawing.submit(
            server.answer, get_map(UTM, "far"), {}, {}, ONLINE_RESOURCE, {}, unhurried()
        )
        connection, _ = listener.accept()
        # The first bytes have arrived, so this thread runs while the other is in the library.
        assert connection.recv(1)
        assert not answer.done()
        assert not one_at_a_time.acquire(blocking=False)
        connection.close()
        with pytest.raises(LayerUnavailableError):
            answer.result(2 * SECONDS)


def test_a_request_waits_for_others_that_are_drawn_no_longer_than_it_may() -> None:
    server, request = package_server(), get_map(UTM, "GRID_CELLS", REQUEST="GetCapabilities")
    with ThreadPoolExecutor(1) as drawing:

        def ask(seconds: float) -> bytes:
            deadline = Deadline.after(seconds)
            return server.answer(request, {}, {}, ONLINE_RESOURCE, {}, deadline).body

        with one_at_a_time:
            for seconds in (-1.0, 0.01):
                with pytest.raises(DeadlineExceededError):
                    drawing.submit(ask, seconds).result(SECONDS)
        assert drawing.submit(ask, SECONDS).result(2 * SECONDS)


@pytest.mark.parametrize("changes", REQUESTS)
def test_it_answers_and_fails_as_mapscript_does(tmp_path: Path, changes: dict[str, str]) -> None:
    mapfile = write_enabled_mapfile(tmp_path)
    parameters = dict(get_map(UTM, "far")) | changes
    given = [
        outcome(mapscript.mapObj(str(mapfile)), parameters, call)
        for call in (dispatch_unlocked, lambda drawn, request: drawn.OWSDispatch(request))
    ]
    assert given[0] == given[1]


def outcome(drawn: Any, parameters: dict[str, str], call: Any) -> tuple[Any, str, bytes]:
    """What is returned or raised, its text, and what was written."""
    request = mapscript.OWSRequest()
    for key, value in parameters.items():
        request.setParameter(key, value)
    mapscript.msIO_installStdoutToBuffer()
    try:
        try:
            told = call(drawn, request), ""
        except FAILURES as error:
            told = type(error), str(error)
        return *told, bytes(mapscript.msIO_getStdoutBufferBytes())
    finally:
        mapscript.msIO_resetHandlers()


@pytest.mark.parametrize("binding", ["/nowhere/binding.so", "libc.so.6"])
def test_mapscripts_own_is_called_where_the_library_lacks_the_function(
    tmp_path: Path, binding: str
) -> None:
    mapfile = write_enabled_mapfile(tmp_path)

    def call(drawn: Any, request: Any) -> int:
        return dispatch_unlocked(drawn, request, binding)

    parameters = dict(get_map(UTM, "nowhere"))
    kind, text, _ = outcome(mapscript.mapObj(str(mapfile)), parameters, call)
    assert kind is mapscript.MapServerError
    assert "Invalid layer(s)" in text


def test_a_map_that_fails_is_freed_before_another_thread_draws(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alone: list[bool] = []

    def held_by_this_thread() -> bool:
        """Whether another thread would have to wait."""
        free: list[bool] = []

        def take() -> None:
            free.append(one_at_a_time.acquire(blocking=False))
            if free[0]:
                one_at_a_time.release()

        thread = threading.Thread(target=take)
        thread.start()
        thread.join()
        return not free[0]

    def watched(drawn: Any, parameters: Any) -> Any:
        weakref.finalize(drawn, lambda: alone.append(held_by_this_thread()))
        return dispatch(drawn, parameters)

    monkeypatch.setattr("function.mapserver.server.dispatch", watched)
    with pytest.raises(UnknownLayerError) as caught:
        package_server().answer(get_map(UTM, "nowhere"), {}, {}, ONLINE_RESOURCE, {}, unhurried())
    gc.collect()
    assert caught.value
    assert alone == [True]
