"""An object store for tests: S3 as AWS answers, but that any key may read."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from serving import START_SECONDS, free_port

KEY, SECRET = "key", "secret"
# As a store beside AWS is reached: the bucket in the path, a region of its own.
REGION = "default"
# Entries in a page of a listing; AWS gives a thousand.
PAGE = 3


def settings_of(endpoint: str) -> dict[str, str]:
    """The environment in which a service reads from the store."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }


@contextmanager
def serving_s3(log: Path) -> Iterator[str]:
    """Run the store until the end of the block; gives its endpoint once it answers."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"MOTO_S3_DEFAULT_MAX_KEYS": str(PAGE)},
        ) as server,
    ):
        try:
            client_of(endpoint).list_buckets()
            yield endpoint
        finally:
            server.terminate()


def client_of(endpoint: str) -> Any:
    """Make a client of AWS's own; it asks again for as long as the store takes to start."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        config=Config(retries={"max_attempts": START_SECONDS, "mode": "standard"}),
    )


def make_bucket(endpoint: str, bucket: str) -> Any:
    """Make a bucket; gives a client to fill it."""
    client = client_of(endpoint)
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return client
