"""An S3-compatible server on loopback, with a bucket to put pictures into."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

KEY_ID, SECRET = "AKIDOFTHETESTS", "the-secret-of-the-tests"


@dataclass
class BucketServer:
    """A running server. `url` is what PINXIT_PICTURES would be."""

    endpoint: str
    client: Any
    url: str = "s3://pictures/of/pinxit"

    @property
    def settings(self) -> dict[str, str]:
        return {
            "PICTURES": self.url,
            "S3_ENDPOINT": self.endpoint,
            "S3_REGION": "us-east-1",
            "S3_KEY_ID": KEY_ID,
            "S3_SECRET": SECRET,
        }

    def names(self) -> list[str]:
        """Return what lies in the bucket."""
        return [each["Key"] for each in self.client.list_objects_v2(Bucket="pictures").get("Contents", [])]

    def read(self, key: str) -> Any:
        """Return an object as S3 hands it out."""
        return self.client.get_object(Bucket="pictures", Key=key)


@contextmanager
def bucket_server() -> Iterator[BucketServer]:
    """Run the server in a thread."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
    )
    client.create_bucket(Bucket="pictures")
    try:
        yield BucketServer(endpoint, client)
    finally:
        client.close()
        server.stop()
