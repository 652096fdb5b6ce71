"""Image bytes from Label Studio, from storages behind it, and from elsewhere; the token goes to Label Studio only."""

import pytest

from detector.errors import TryAgain, UsageError
from detector.label_studio import persist
from detector.label_studio.client import connect
from detector.label_studio.download import fetch, locate
from tests.support.services.label_studio import TOKEN

ODD = ["with space.png", "schlüssel ä.png", "100%25 x.png", "日本語.png", "a+b&c=d.png", "plain.png"]


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(persist, "WAITS", (0.0, 0.0, 0.0))


@pytest.fixture
def got(label_studio, tmp_path):
    """What `fetch` says, and the bytes that it wrote (None when it wrote nothing)."""

    def got(source, task=1, token=TOKEN):
        target = tmp_path / "image"
        with connect(label_studio.url, token, ["127.0.0.1"]) as connection:
            why = fetch(connection, source, task, target)
        content = target.read_bytes() if target.exists() else None
        target.unlink(missing_ok=True)
        return why, content

    yield got
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "source", "address"),
    [
        ("http://ls", "/data/upload/3/a%20b.png", "http://ls/data/upload/3/a%20b.png"),
        ("http://ls", "/data/local-files/?d=ä/b.png", "http://ls/data/local-files/?d=ä/b.png"),
        ("http://host/ls", "/data/upload/3/a.png", "http://host/ls/data/upload/3/a.png"),
        ("http://host/ls", "/ls/data/upload/3/a.png", "http://host/ls/data/upload/3/a.png"),
        ("http://ls", "HTTPS://elsewhere/a.png", "HTTPS://elsewhere/a.png"),
        ("http://ls", "s3://b/a.png", "http://ls/tasks/7/presign/?fileuri=czM6Ly9iL2EucG5n"),
        ("http://ls", "azure-blob://b/a?.png", "http://ls/tasks/7/presign/?fileuri=YXp1cmUtYmxvYjovL2IvYT8ucG5n"),
        ("http://ls", "a.png", None),
        ("http://ls", "//elsewhere/a.png", None),
        ("http://ls", "data:image/png;base64,AAAA", None),
    ],
)
def test_a_reference_becomes_an_address(url, source, address):
    assert locate(url, source, 7) == address


@pytest.mark.parametrize("kind", ["legacy", "personal"])
def test_uploads_of_any_name_come_with_either_token(label_studio, got, kind):
    files = {name: f"content of {name}".encode() for name in ODD}
    references = label_studio.upload(label_studio.project("Odd names"), files)
    token = TOKEN if kind == "legacy" else label_studio.personal_token
    for name, source in references.items():
        assert got(source, token=token) == (None, files[name])


def test_local_files_come_from_the_server(label_studio, got):
    project = label_studio.project("Local files")
    folder = label_studio.files / "ördner"
    folder.mkdir()
    for name in ODD:
        (folder / name).write_bytes(name.encode())
    storage = {"project": project, "path": str(folder), "use_blob_urls": True, "regex_filter": ".*png"}
    storage = label_studio.ask("POST", "/api/storages/localfiles", json=storage)
    label_studio.ask("POST", f"/api/storages/localfiles/{storage['id']}/sync")
    query = {"project": project, "fields": "task_only", "resolve_uri": "false"}
    sources = [task["data"]["image"] for task in label_studio.ask("GET", "/api/tasks", params=query)["tasks"]]
    assert {got(source)[1] for source in sources} == {name.encode() for name in ODD}
    assert got("/data/local-files/?d=ördner/none.png") == ("HTTP 404 from 127.0.0.1", None)


def test_a_storage_signs_an_address_and_the_token_stays_behind(label_studio, other_host, got):
    project = label_studio.project("Storage")
    other_host.pages |= {"/bucket": b"<ListBucketResult/>", "/bucket/a%20b.png": b"from the bucket"}
    keys = {"aws_access_key_id": "id", "aws_secret_access_key": "secret", "region_name": "eu-central-1"}
    bucket = {"project": project, "bucket": "bucket", "s3_endpoint": other_host.url, "presign": True}
    label_studio.ask("POST", "/api/storages/s3", json=bucket | keys)
    [task] = label_studio.add_tasks(project, [{"data": {"image": "s3://bucket/a b.png"}}])
    assert got("s3://bucket/a b.png", task) == (None, b"from the bucket")
    assert not {"authorization", "cookie"} & set(other_host.headers("/bucket/a%20b.png"))
    assert got("s3://bucket/none.png", task) == ("HTTP 404 from 127.0.0.1", None)
    assert got("s3://another/a.png", task) == ("HTTP 404 from 127.0.0.1", None)


def test_neither_the_token_nor_a_cookie_goes_to_another_host(label_studio, other_host, tmp_path):
    other_host.pages |= {"/a.png": b"a", "/b.png": b"b"}
    other_host.fail("/c.png", 302, Location=f"{other_host.url}/b.png")
    with connect(label_studio.url, TOKEN, ["127.0.0.1"]) as connection:
        assert connection.read("/api/current-user/whoami", dict)["id"] == 1  # the server now offers a session
        for name in ("a", "c"):
            assert fetch(connection, f"{other_host.url}/{name}.png", 1, tmp_path / name) is None
    assert [(tmp_path / name).read_bytes() for name in "ac"] == [b"a", b"b"]
    assert [path for path, _ in other_host.asked] == ["/a.png", "/c.png", "/b.png"]
    assert not any({"authorization", "cookie"} & set(headers) for _, headers in other_host.asked)


def test_an_image_that_is_not_there_is_told_once_and_at_once(label_studio, other_host, got):
    other_host.fail("/private.png", 403)
    assert got(f"{other_host.url}/none.png") == ("HTTP 404 from 127.0.0.1", None)
    assert got(f"{other_host.url}/private.png") == ("HTTP 403 from 127.0.0.1", None)
    assert len(other_host.asked) == 2
    assert got("/data/upload/99/none.png") == ("Label Studio has no such upload", None)
    assert label_studio.served("/data/upload/99/none.png") <= 2  # its log has each request twice
    assert got("none.png") == ("no address that can be fetched", None)
    assert got("http:///none.png")[1] is None


@pytest.mark.parametrize(
    "source",
    [
        "file:///etc/hostname",
        "file://localhost/etc/hostname",
        "/etc/hostname",
        "../../etc/hostname",
        "/data/local-files/?d=../../../../etc/hostname",
        "/data/local-files/?d=/etc/hostname",
        "/data/upload/../../../../etc/hostname",
        "/data/upload/%2e%2e/%2e%2e/%2e%2e/etc/hostname",
        "http://a\0b/x.png",
        "/data/a\0b.png",
        "x" * 100_000,
        "/data/" + "x" * 100_000,
    ],
)
def test_no_reference_leads_to_a_file_of_either_machine(label_studio, got, source):
    label_studio.project("So that there is one")
    why, content = got(source)
    assert why
    assert content is None


def test_a_detour_to_label_studio_is_no_refused_token(label_studio, other_host, got):
    [source] = label_studio.upload(label_studio.project("Detour"), {"a.png": b"a"}).values()
    other_host.fail("/a.png", 302, Location=label_studio.url + source)
    assert got(f"{other_host.url}/a.png") == ("HTTP 401 from 127.0.0.1", None)


def test_what_may_pass_is_asked_again(other_host, got):
    other_host.pages["/a.png"] = b"at last"
    other_host.fail("/a.png", 429, Retry_After="0")
    other_host.fail("/a.png", 500)
    other_host.fail("/a.png", 503)
    assert got(f"{other_host.url}/a.png") == (None, b"at last")
    assert len(other_host.asked) == 4


def test_half_an_image_is_no_image(other_host, got):
    other_host.pages["/a.png"] = b"0123456789"
    other_host.truncated.add("/a.png")
    with pytest.raises(TryAgain, match=r"task 12: http.*/a\.png could not be fetched \(.*\); the next run goes on"):
        got(f"{other_host.url}/a.png", 12)
    assert len(other_host.asked) == 4


def test_a_refused_token_ends_it(label_studio, got):
    [source] = label_studio.upload(label_studio.project("Refused"), {"a.png": b"a"}).values()
    with pytest.raises(UsageError, match="refused the token"):
        got(source, token="f" * 40)
