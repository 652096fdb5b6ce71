"""The file systems of S3, Google Cloud Storage and Azure, by Arrow, and what they say, as one sentence.

Credentials are those of the environment, by the names that each cloud's own tools use:

    s3://bucket/folder      AWS_ACCESS_KEY_ID and its like, or the machine's own role; AWS_ENDPOINT_URL names a server
                            that is not Amazon's
    gs://bucket/folder      GOOGLE_APPLICATION_CREDENTIALS, or the machine's own account; STORAGE_EMULATOR_HOST names a
                            server that is not Google's, and asks for none
    abfss://container@account.dfs.core.windows.net/folder    AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY or
                            AZURE_STORAGE_SAS_TOKEN, or those of the machine, as Azure's own libraries look for them
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from detector.errors import DetectorError, TryAgain, UsageError
from detector.secrets import public

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

_AZURE = re.compile(r"abfss://([^@/:]+)@([^@/.:]+)(\.[^@/:]+)(?:/(.*))?")
_GOOGLE_TRIES = timedelta(seconds=5)  # without it, Arrow does for a quarter of an hour
_PASSING = re.compile(
    r"NETWORK_CONNECTION|SLOW_DOWN|SERVICE_UNAVAILABLE|INTERNAL_FAILURE|REQUEST_TIMEOUT|THROTTLING|[Cc]ould not connect"
    r"|[Tt]imed? ?out|[Uu]navailable|UNAVAILABLE|ServerBusy|Could not resolve|Fail to get a new connection"
)
_REFUSED = re.compile(
    r"ACCESS_DENIED|INVALID_ACCESS_KEY_ID|SIGNATURE_DOES_NOT_MATCH"
    r"|PERMISSION_DENIED|UNAUTHENTICATED|OAuth2 access token"
    r"|\[Auth\w+\]|\[InvalidAuthenticationInfo\]|AuthenticationException|Base64"
)
_NOTHING = re.compile(r"No such file or directory|does not exist|NOT_FOUND")
_REASON = re.compile(
    r"AWS Error (?:\w+) during \w+ operation:? ?(?P<aws>.*?)(?: \(Request ID.*)?$"
    r"|with a last message of (?P<google>.*?) error_info="
    r"|Azure Error: \[\w*\] (?P<azure>[^\n]*)",
    re.DOTALL,
)
CREDENTIALS = {"s3": "AWS_ACCESS_KEY_ID", "gs": "GOOGLE_APPLICATION_CREDENTIALS", "abfss": "AZURE_STORAGE_KEY"}


def opened(address: str) -> tuple["FileSystem", str]:
    """The file system, and the folder in it. What Arrow raises is for `told`."""
    scheme, _, place = address.partition("://")
    return {"s3": _s3, "gs": _google}[scheme](place) if scheme != "abfss" else _azure(address)


def _s3(folder: str) -> tuple["FileSystem", str]:
    from pyarrow import fs

    server = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return fs.S3FileSystem(
        region=region or ("us-east-1" if server else fs.resolve_s3_region(folder.partition("/")[0])),
        endpoint_override=server,
        connect_timeout=10,
        request_timeout=60,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=3),
    ), folder


def _google(folder: str) -> tuple["FileSystem", str]:
    from pyarrow import fs

    server = os.environ.get("STORAGE_EMULATOR_HOST")
    if not server:
        return fs.GcsFileSystem(retry_time_limit=_GOOGLE_TRIES), folder
    scheme, _, host = server.rstrip("/").rpartition("://")
    return fs.GcsFileSystem(
        anonymous=True, scheme=scheme or "http", endpoint_override=host, retry_time_limit=_GOOGLE_TRIES
    ), folder


def _azure(address: str) -> tuple["FileSystem", str]:
    from pyarrow import fs

    container, account, service, folder = parts_of_azure(address)
    blobs = service.replace(".dfs.", ".blob.")
    access = {"blob_storage_authority": blobs, "dfs_storage_authority": service} | _azure_access(account)
    return fs.AzureFileSystem(account_name=account, **access), f"{container}/{folder}".rstrip("/")


def parts_of_azure(address: str) -> tuple[str, ...]:
    """Container, account, service (".dfs.core.windows.net") and folder. Raises ValueError for another address."""
    if match := _AZURE.fullmatch(address):
        return match.groups(default="")
    raise ValueError("should be abfss://container@account.dfs.core.windows.net/folder")


def _azure_access(account: str) -> dict[str, str]:
    """What the environment says of an account: by a connection string that is its own, or by one variable each."""
    pairs = (part.partition("=") for part in os.environ.get("AZURE_STORAGE_CONNECTION_STRING", "").split(";"))
    fields = {name.strip(): value for name, _, value in pairs}
    scheme, _, place = fields.get("BlobEndpoint", "").partition("://")
    host = place.partition("/")[0]
    if fields.get("AccountName", host.partition(".")[0]) != account:
        fields, host = {}, ""
    key, token = fields.get("AccountKey"), fields.get("SharedAccessSignature")
    if not (key or token):
        key, token = os.environ.get("AZURE_STORAGE_KEY"), os.environ.get("AZURE_STORAGE_SAS_TOKEN")
    access = {"account_key": key} if key else {"sas_token": f"?{token.removeprefix('?')}"} if token else {}
    if host and not host.startswith(f"{account}."):  # an emulator: the account is a part of the path there
        access |= {"blob_storage_authority": host, "dfs_storage_authority": host}
        access |= {"blob_storage_scheme": scheme, "dfs_storage_scheme": scheme}
    return access


@contextmanager
def told(address: str) -> Iterator[None]:
    """What Arrow says of a bucket is raised as one sentence.

    Raises:
        UsageError: there is no such folder, or it can't be read.
        TryAgain: the server can't be reached.
    """
    from pyarrow import ArrowException

    try:
        yield
    except FileNotFoundError as error:
        raise _nothing(address) from error
    except (OSError, ValueError, ArrowException) as error:
        raise _problem(address, str(error)) from error


def _problem(address: str, said: str) -> DetectorError:
    scheme = address.partition("://")[0]
    if "NO_SUCH_BUCKET" in said:
        return UsageError(f"{address} can't be read: there is no such bucket")
    if _PASSING.search(said) and not _has_no_account(said):
        return TryAgain(f"{address} can't be reached: {public(_reason(said))}")
    if _REFUSED.search(said):
        names = CREDENTIALS[scheme]
        return UsageError(
            f"{address} can't be read: the credentials in the environment ({names} and its like) don't open it"
        )
    return (
        _nothing(address) if _NOTHING.search(said) else UsageError(f"{address} can't be read: {public(_reason(said))}")
    )


def _has_no_account(said: str) -> bool:
    """Whether Google's library was told of no account, and this is no machine of Google's, which has one by itself."""
    return "OAuth2 access token" in said and "resolve host" in said and not os.environ.get(CREDENTIALS["gs"])


def _reason(said: str) -> str:
    """What a person can use of it."""
    match = _REASON.search(said)
    return next((part for part in match.groups() if part), said) if match else said


def _nothing(address: str) -> UsageError:
    return UsageError(f"{address}: nothing is there; check the bucket and the folder")
