"""The object stores and web servers that archive files are read from, each opened once."""

import threading
from collections import OrderedDict
from datetime import timedelta
from typing import TYPE_CHECKING

from obstore.store import HTTPStore, ObjectStore, S3Store

from function.scenes.access.address import BUCKET

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


class Stores:
    """Opens stores by their addresses; shared by threads.

    A store of S3 follows the usual variables of the environment: ``AWS_ACCESS_KEY_ID``,
    ``AWS_SECRET_ACCESS_KEY``, ``AWS_SESSION_TOKEN``, ``AWS_REGION``, ``AWS_ENDPOINT_URL``,
    ``AWS_SKIP_SIGNATURE``, ``AWS_REQUEST_PAYER``, those of container and web identities, and
    ``AWS_VIRTUAL_HOSTED_STYLE_REQUEST``: without it the bucket stands in the path, as
    S3-compatible stores want it and AWS takes it too.
    """

    def __init__(self, connections: int, timeout: float) -> None:
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
        return HTTPStore(address, client_options=self._client, retry_config=NO_RETRIES)
