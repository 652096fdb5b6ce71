"""Where a record may be: an MLflow server, a SQLite file, or another database that MLflow knows."""

import re
from pathlib import Path
from urllib.parse import urlsplit

DATABASES = ("postgresql", "mysql", "mssql")  # each perhaps with its driver: postgresql+psycopg
SQLITE = "sqlite:///"


def is_server(uri: str) -> bool:
    """Whether `uri` names an MLflow server, and not a database that we open ourselves."""
    return urlsplit(uri).scheme in ("http", "https")


def database_file(uri: str) -> Path | None:
    """The file of a SQLite store; None for any other."""
    return Path(uri.removeprefix(SQLITE)) if uri.startswith(SQLITE) else None


def address_fault(uri: str) -> str | None:
    """What is wrong with an address, judged by its text."""
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return (
            f"is no address; for a SQLite file write {SQLITE}{uri.removeprefix('sqlite:').lstrip('/') or 'mlflow.db'}"
        )
    if scheme == "sqlite":
        return _sqlite_fault(rest)
    if scheme in ("http", "https"):
        return _server_fault(uri, scheme)
    if re.fullmatch(rf"({'|'.join(DATABASES)})(\+\w+)?", scheme):
        return None if rest.strip("/") else f"names no server; write {scheme}://user:password@host/database"
    if scheme == "file":
        return f"is a folder, which MLflow keeps no runs in any more; for a SQLite file write {SQLITE}runs/mlflow.db"
    known = ", ".join(f"{each}://…" for each in DATABASES)
    return f"can't be on {scheme}://; write http://… for a server, {SQLITE}… for a file, or {known}"


def _sqlite_fault(rest: str) -> str | None:
    file = rest.removeprefix("/")
    if not rest.startswith("/"):
        return f"needs three slashes before a file: {SQLITE}{rest or 'mlflow.db'}"
    if not file.strip("/") or file.endswith("/") or file.startswith(":"):
        return f"names no file; write {SQLITE}runs/mlflow.db"
    return "has a ? in it; a SQLite file takes no settings here" if "?" in file else None


def _server_fault(uri: str, scheme: str) -> str | None:
    try:
        host, _ = urlsplit(uri).hostname, urlsplit(uri).port
    except ValueError as error:
        return f"is no address: {error}"
    return None if host else f"names no server; write {scheme}://host:5000"
