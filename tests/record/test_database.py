"""What is wrong with a record's place is said in a moment, where MLflow would try for a minute and a half."""

import sqlite3

import pytest

from detector.errors import DetectorError, TryAgain, UsageError
from detector.record._address import address_fault
from detector.record._client import connect
from detector.record._database import check_file, check_server

CORRECT = "correct `record: uri:` in pipeline.yaml"


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def said(uri, kind=UsageError):
    with pytest.raises(kind) as refused:
        connect(uri)
    return str(refused.value)


def test_what_is_no_database(project):
    (project / "notes.db").write_text("not a database, but longer than the header of one would be " * 20)
    assert said("sqlite:///notes.db") == (
        "the record notes.db can't be read as a SQLite database (file is not a database): bring it back from a backup, "
        f"move it away to begin a new one, or {CORRECT}"
    )
    (project / "folder.db").mkdir()
    assert said("sqlite:///folder.db") == (
        f"the record folder.db can't be opened to write: unable to open database file; {CORRECT}"
    )


def test_the_database_of_another_program(project):
    with sqlite3.connect(project / "other.db") as database:
        database.execute("create table songs (name)")
        database.execute("create table bands (name)")
    database.close()
    assert said("sqlite:///other.db") == (
        f"the record other.db is another program's database, with the tables bands, songs; {CORRECT}"
    )
    assert [file.name for file in project.iterdir()] == ["other.db"]


def test_a_folder_that_is_not_there(project, tmp_path):
    assert said(f"sqlite:///{tmp_path}/gone/mlflow.db") == (
        f"the folder {tmp_path}/gone of the record is not there; make it, or {CORRECT}"
    )
    check_file(project / "runs/deep/mlflow.db")
    assert list((project / "runs/deep").iterdir()) == []


def test_a_folder_that_is_none_or_can_not_be_written(project):
    (project / "file").write_text("")
    assert said("sqlite:///file/mlflow.db") == (
        f"the record can't be kept in file (File exists); let this user write there, or {CORRECT}"
    )
    assert "the record can't be kept in /proc/self (" in said("sqlite:////proc/self/mlflow.db")


def test_a_locked_database_is_for_another_time(project, monkeypatch):
    monkeypatch.setattr("detector.record._database.WAIT", 0.1)
    with sqlite3.connect(project / "mlflow.db") as database:
        database.execute("create table alembic_version (x)")
        database.execute("create table experiments (x)")
        database.commit()
        check_file(project / "mlflow.db")
        database.execute("begin exclusive")
        message = said("sqlite:///mlflow.db", TryAgain)
    database.close()
    assert message == "the record mlflow.db is locked by another program; try again when that is done"


def test_an_empty_file_becomes_a_store(project):
    (project / "mlflow.db").touch()
    assert connect("sqlite:///mlflow.db").get_experiment_by_name("cells") is None


def test_a_database_server_that_can_not_be_had():
    with pytest.raises(
        DetectorError, match=r"^the record at mysql\+pymysql://me:\*\*\*@db/x needs pymysql, which is not installed"
    ):
        check_server("mysql+pymysql://me:pw@db/x")


@pytest.mark.parametrize(
    "uri",
    [
        "sqlite:///runs/mlflow.db", "sqlite:////mnt/team/mlflow.db", "http://mlflow:5000", "https://me:pw@host/mlflow",
        "postgresql://db/mlflow", "postgresql+psycopg://me:pw@db:5432/mlflow", "mysql+pymysql://db/mlflow",
    ],
)  # fmt: skip
def test_a_good_address(uri):
    assert address_fault(uri) is None


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("", "is no address; for a SQLite file write sqlite:///mlflow.db"),
        ("runs/mlflow.db", "is no address; for a SQLite file write sqlite:///runs/mlflow.db"),
        ("sqlite:mlflow.db", "is no address; for a SQLite file write sqlite:///mlflow.db"),
        ("sqlite:/mlflow.db", "is no address; for a SQLite file write sqlite:///mlflow.db"),
        ("sqlite://", "needs three slashes before a file: sqlite:///mlflow.db"),
        ("sqlite:///:memory:", "names no file; write sqlite:///runs/mlflow.db"),
        ("sqlite:///runs/", "names no file; write sqlite:///runs/mlflow.db"),
        ("sqlite:///mlflow.db?mode=ro", "has a ? in it; a SQLite file takes no settings here"),
        ("http://host:port", "is no address: Port could not be cast to integer value as 'port'"),
        ("postgresql://", "names no server; write postgresql://user:password@host/database"),
    ],
)
def test_an_address_at_fault(uri, message):
    assert address_fault(uri) == message
