"""Which addresses of a place are none, and in few words why a place has refused.

An address that the S3 client cannot make a request of ends that client with a panic, so it is looked at before. What
the client says of a refusal is the whole way to it, two pages long; the operator needs its end: the service's own
code, or what the network said.
"""

import os
import re
from typing import Final
from urllib.parse import urlsplit

from whimbrel.kernel.errors import Invalid

_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
_PREFIX: Final = re.compile(r"[\w!.*'()/ -]*")
_KEYS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION")

_STATUS: Final = re.compile(r"status code: (\d{3} [A-Za-z -]+)")
_CODE: Final = re.compile(r"<Code>([^<]+)</Code>")
_MESSAGE: Final = re.compile(r"<Message>([^<]+)</Message>")
_NETWORK: Final = re.compile(r'(?:message|error): "([^"]+)"')


def refuse_what_is_no_bucket(bucket: str, prefix: str, endpoint: str) -> None:
    """Raise Invalid for a bucket, a prefix, an endpoint or keys of which no request can be made."""
    if not _BUCKET.fullmatch(bucket):
        raise Invalid(f'"s3://{bucket}": expected the name of a bucket: letters, digits, ".", "_" and "-"')
    if not _PREFIX.fullmatch(prefix) or not all(part.strip(". ") for part in prefix.split("/") if prefix):
        raise Invalid(f'"s3://{bucket}/{prefix}": expected words between single slashes behind the bucket')
    if endpoint and not _is_address(endpoint):
        raise Invalid(f'endpoint: "{endpoint}": expected https://host[:port] (or http://)')
    for name in _KEYS:
        value = os.environ.get(name, "")
        if not (value.isascii() and value.isprintable()):
            raise Invalid(f"{name} in the environment: holds what no key holds, such as a line's end")


def why_refused(error: Exception) -> str:
    """The end of what the client says, on one line."""
    said = str(error).strip()
    status, code, message, network = (pattern.search(said) for pattern in (_STATUS, _CODE, _MESSAGE, _NETWORK))
    found = [one[1].strip() for one in (status, code, message) if one] or ([network[1]] if network else [])
    words = ": ".join(found) or said.splitlines()[0].removeprefix("Generic S3 error: ")
    return words if "AWS_ACCESS_KEY_ID" in os.environ else f"{words}; AWS_ACCESS_KEY_ID is not set"


def _is_address(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, brackets that do not close
        return False
    return valid and endpoint.isascii() and endpoint.isprintable() and " " not in endpoint
