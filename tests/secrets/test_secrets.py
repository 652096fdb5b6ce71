"""What is secret in a text goes, whatever form it has; what is not stays as it is, to the letter."""

import json
import re

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector import secrets
from detector.secrets import (
    SUSPECT,
    in_clear,
    protect,
    protect_address,
    public,
    public_json,
    without_secrets,
    without_values,
)

PUBLIC = [
    ("https://me:c4nary@host/a.jpg", "https://***@host/a.jpg"),
    ("https://c4nary@host", "https://***@host"),
    ("abfss://box:c4nary@me.dfs.core.windows.net/a", "abfss://box:***@me.dfs.core.windows.net/a"),
    ("https://c4nary:x-oauth-basic@host", "https://***@host"),
    ("https://me:c4nary/x@host/a.jpg", "https://***@host/a.jpg"),
    ("https://me:c4n@ry@host/a.jpg", "https://***@host/a.jpg"),
    ("s3://c4nary:c4nary@bucket/a.jpg", "s3://c4nary:***@bucket/a.jpg"),
    ("postgresql+psycopg://me:c4nary@db/x", "postgresql+psycopg://me:***@db/x"),
    ("postgresql://me:c4n@ry/x@db/x?sslmode=require", "postgresql://me:***@db/x?sslmode=require"),
    ("postgresql://db/x?user=me&password=c4nary", "postgresql://db/x?user=me&password=***"),
    ("https://b/a.jpg?X-Amz-Date=1&X-Amz-Credential=c4&X-Amz-Signature=c4", "https://b/a.jpg?signature=***"),
    ("https://b/a.jpg?v=2&x-amz-signature=c4nary&w=3", "https://b/a.jpg?v=2&w=3&signature=***"),
    ("https://b/a.jpg?X%2DGoog%2DSignature=c4nary", "https://b/a.jpg?signature=***"),
    ("https://b/a.jpg?AWSAccessKeyId=c4&Expires=1&Signature=c4", "https://b/a.jpg?signature=***"),
    ("https://b/a.jpg?sv=1&sr=b&se=2&sp=r&sig=c4", "https://b/a.jpg?signature=***"),
    ("https://b/a.jpg?OSSAccessKeyId=c4&Expires=1&Signature=c4", "https://b/a.jpg?signature=***"),
    ("https://b/a.jpg?x-oss-process=resize&x-oss-signature=c4", "https://b/a.jpg?x-oss-process=resize&signature=***"),
    ("https://b/a.jpg?q-sign-algorithm=sha1&q-ak=c4&q-signature=c4", "https://b/a.jpg?signature=***"),
    ("https://b/a.jpg?md5=c4nary&expires=12", "https://b/a.jpg?signature=***"),
    ("https://b/a.jpg?hdnts=exp=1~acl=/*~hmac=c4nary", "https://b/a.jpg?signature=***"),
    ("https://b/a.jpg?token=c4nary&id=3", "https://b/a.jpg?token=***&id=3"),
    ("https://b/a.jpg?ts=1.5&auth_token=c4nary", "https://b/a.jpg?ts=1.5&auth_token=***"),
    ("https://b/a.jpg?api-key=c4nary#x", "https://b/a.jpg?api-key=***#x"),
    ("https://b/a.jpg?key=c4naryA1234567890123456", "https://b/a.jpg?key=***"),
    ("https://b/a.jpg#access_token=c4nary", "https://b/a.jpg#access_token=***"),
    ("https://b/a;jsessionid=c4nary?x=1", "https://b/a;jsessionid=***?x=1"),
    ("/data/a.jpg?token=c4nary", "/data/a.jpg?token=***"),
    (
        "https://p/x?url=https%3A%2F%2Fb%2Fa.jpg%3Fsig%3Dc4nary&w=1",
        "https://p/x?url=https%3A%2F%2Fb%2Fa.jpg%3Fsignature%3D***&w=1",
    ),
]
PLAIN = [
    "abfss://box@me.dfs.core.windows.net/a.jpg",
    "https://b/a.jpg?Expires=3&v=1",
    "https://host:8080/@me/x.jpg?id=3&sr=2&st=4",
    "http://[::1]:80/@x",
    "s3://bucket/a/me@x.jpg",
    "https://h/a.jpg?key=images/a.jpg&code=12&s=200&ts=3&design=blue",
    "/data/local-files/?d=a/b&c=1+2#3.jpg",
    "/data/upload/3/x y.jpg",
    "sqlite:///runs/mlflow.db",
    "mlflow ui --backend-store-uri sqlite:///runs/mlflow.db",
    "pull.token: a secret comes from the environment only: write ${TOKEN} and export TOKEN",
    "Is it? x=1; Token classification, Basic understanding",
    "me@example.com said: 2 changed, see http://localhost:8080/projects/3/data?task=17",
]


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    monkeypatch.setattr(secrets.known, "_secrets", set())
    monkeypatch.setattr(secrets.known, "_pattern", [])


@pytest.mark.parametrize(("address", "shown"), PUBLIC)
def test_an_address_is_shown_without_what_is_secret(address, shown):
    assert public(address) == shown == public(shown) == without_secrets(address)
    assert public(f'see "{address}" and') == f'see "{shown}" and'
    assert re.search(SUSPECT, address)
    assert pc.match_substring_regex(pa.array([address]), SUSPECT)[0].as_py()
    data = json.dumps({"image": address, "more": [{"ü": address, "n": 1}]}, ensure_ascii=False)
    assert json.loads(public_json(data)) == {"image": shown, "more": [{"ü": shown, "n": 1}]}


@pytest.mark.parametrize("text", PLAIN)
def test_what_holds_no_secret_stays_as_it_is(text):
    assert public(text) == without_secrets(text) == text
    data = json.dumps({"image": text}, indent=3)
    assert public_json(data) is data


@given(st.text())
def test_any_text_can_be_cleaned_and_is_then_clean(text):
    assert public(public(text)) == public(text)
    assert without_secrets(without_secrets(text)) == without_secrets(text)


def test_a_known_secret_goes_in_each_form_that_it_is_written_in():
    protect('c4nary "ü/+')
    for written in ('c4nary "ü/+', json.dumps('c4nary "ü/+'), "c4nary%20%22%C3%BC/%2B", "c4nary+%22%C3%BC%2F%2B"):
        assert "c4nary" not in without_secrets(f"x {written} y")


def test_a_password_that_is_a_common_word_leaves_output_readable():
    protect_address("postgresql://mlflow:mlflow@db/mlflow")
    assert without_secrets("mlflow ui runs/mlflow.db") == "mlflow ui runs/mlflow.db"


def test_an_address_that_a_library_tears_is_known_by_its_pieces():
    protect_address("http://me:c4nary1@c4nary2/c4nary3@host/x?token=c4nary4")
    assert "c4nary" not in without_secrets("host 'c4nary2', path /c4nary3@host, c4nary1@c4nary2, c4nary4")
    protect("https://hooks.example.com/services/T0/c4nary")
    assert "c4nary" not in without_secrets("Max retries exceeded with url: /services/T0/c4nary (Caused by …)")


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Token c4nary0123456789",
        "{'Authorization': 'Bearer c4nary.abcdefgh'}",
        "connection failed: password=c4nary0 host=db",
        "Basic bWU6YzRuYXJ5MQ==",
    ],
)
def test_headers_and_settings_are_seen_without_an_address(text):
    assert not {"c4nary", "bWU6"} & {word for word in ("c4nary", "bWU6") if word in without_secrets(text)}


def test_a_line_of_the_file_is_shown_without_its_secret():
    assert without_values("  token: pw") == "  token: ***"
    assert without_values('pull: {url: u, token: "pw", project: [') == "pull: {url: u, token: ***, project: ["
    assert without_values("  token: ${TOKEN}") == "  token: ${TOKEN}"
    assert without_values('  token: "${TOKEN}"') == '  token: "${TOKEN}"'


def test_a_secret_in_clear_is_told_from_a_variable():
    assert in_clear("postgresql://me:literal@db/x")
    assert in_clear("postgresql://me:${PASSWORD:-literal}@db/x")
    assert not in_clear("postgresql://me:${PASSWORD}@db/x?password=${OTHER}")
    assert not in_clear("http://host:8080/@me")
