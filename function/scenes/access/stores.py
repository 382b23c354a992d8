"""The object stores and web servers that archive files are read from, each opened once."""

import os
import re
import threading
from collections import OrderedDict
from datetime import timedelta
from typing import TYPE_CHECKING

from obstore.exceptions import BaseError
from obstore.store import HTTPStore, ObjectStore, S3Store

from function.errors import SceneUnreadableError
from function.scenes.access.address import BUCKET
from function.settings import SettingsError

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

# Within one round trip to any continent, twice over: a host that has not answered by then is down,
# or the connection was lost on the way and another try is the faster way.
CONNECT_SECONDS = 2.0
# Each keeps connections of its own. An archive is one bucket or host, or a few. Only where
# addresses are signed one by one each is a store, and those used last are enough.
MOST_STORES = 64
# Retries are ours: they heed the request's deadline, and slow down for a store that throttles.
NO_RETRIES: "RetryConfig" = {"max_retries": 0}
PREFIX = "AWS_"
ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
# What obstore signs requests to; it panics at much else.
ENDPOINT = re.compile(
    r"https?://(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?(?:/[\w./~%-]*)?", re.ASCII | re.IGNORECASE
)
# A store that is opened to see whether one can be. Any bucket may have this name, and with
# AWS_S3_EXPRESS, which demands a zone in it, no other.
TRIAL = f"{BUCKET}://any--use1-az1--x-s3"


class Stores:
    """Opens stores by their addresses; shared by threads.

    A store of S3 follows the usual variables of the environment: ``AWS_ACCESS_KEY_ID``,
    ``AWS_SECRET_ACCESS_KEY``, ``AWS_SESSION_TOKEN``, ``AWS_REGION``, ``AWS_ENDPOINT_URL``,
    ``AWS_SKIP_SIGNATURE``, ``AWS_REQUEST_PAYER``, those of container and web identities, and
    ``AWS_VIRTUAL_HOSTED_STYLE_REQUEST``: without it the bucket stands in the path, as
    S3-compatible stores want it and AWS takes it too. One that is empty is taken out of the
    environment, since obstore reads that by itself and takes it as it stands.
    """

    def __init__(self, connections: int, timeout: float) -> None:
        """Raise SettingsError where these variables are such that no store can be opened."""
        self._client: ClientConfig = {
            # An endpoint of plain HTTP is the operator's choice.
            "allow_http": True,
            "connect_timeout": timedelta(seconds=min(CONNECT_SECONDS, timeout)),
            "timeout": timedelta(seconds=timeout),
            "pool_max_idle_per_host": str(connections),
            "user_agent": "sentinel-ows",
        }
        self._stores: OrderedDict[str, ObjectStore] = OrderedDict()
        self._lock = threading.Lock()
        _unset_empty()
        self._check_variables()

    def open(self, address: str) -> ObjectStore:
        """Give the store at ``s3://bucket`` or ``https://host``, which may have a query."""
        with self._lock:
            store = self._stores.pop(address, None) or self._make(address)
            self._stores[address] = store
            if len(self._stores) > MOST_STORES:
                self._stores.popitem(last=False)
            return store

    def _make(self, address: str) -> ObjectStore:
        scheme, host = address.split("://", 1)
        if scheme == BUCKET:
            return S3Store(host, client_options=self._client, retry_config=NO_RETRIES)
        try:
            return HTTPStore(address, client_options=self._client, retry_config=NO_RETRIES)
        except ValueError as error:
            raise SceneUnreadableError(f"the archive's address is none: {error}") from error

    def _check_variables(self) -> None:
        for name in ENDPOINTS:
            endpoint = os.environ.get(name)
            if endpoint is not None and not self._is_endpoint(endpoint):
                told = _without_user(endpoint)
                raise SettingsError(f"{name}={told!r} is no address as of https://s3.example")
        try:
            self._make(TRIAL)
        except BaseError as error:
            said = str(error).partition("\n")[0].rpartition(": ")[2]
            named = [
                f"{name}={value!r}"
                for name, value in os.environ.items()
                if name.startswith(PREFIX) and f'"{value}"' in said
            ]
            told = ", ".join(named) or "the variables AWS_…"
            raise SettingsError(f"{told} cannot be used: {said}") from error

    def _is_endpoint(self, text: str) -> bool:
        try:
            return ENDPOINT.fullmatch(text) is not None and bool(self._make(text))
        except SceneUnreadableError:
            return False


def _unset_empty() -> None:
    for name, value in [*os.environ.items()]:
        if name.startswith(PREFIX) and not value:
            del os.environ[name]


def _without_user(address: str) -> str:
    """Leave out who is named before the host, which may come with a password."""
    _, user, host = address.rpartition("@")
    return f"…@{host}" if user else address
