"""Addresses that strangers write into tasks: where they may lead, and how much may come from there."""

import gzip
import io
import socket
import tracemalloc
import zlib

import pytest
from PIL import Image
from pydantic import ValidationError

from detector.data import images
from detector.errors import UsageError
from detector.label_studio import persist
from detector.label_studio.client import connect
from detector.label_studio.download import Unusable, fetch
from detector.label_studio.downloads import Into, Shown, download
from detector.label_studio.state import quietly
from detector.stages.pull import label_studio as backend
from detector.system.addresses import is_public

TOKEN = "0" * 40
SERVER = "http://127.0.0.1:9"  # where nobody listens: these images lie elsewhere
LIMIT = 1 << 20
PRIVATE = (
    *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.7", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "224.0.0.1", "255.255.255.255"),
    *("::ffff:127.0.0.1", "::ffff:a00:7", "2002:7f00:1::", "64:ff9b::a9fe:a9fe", "192.0.2.1", "2001:db8::1"),
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(persist, "WAITS", (0.0, 0.0, 0.0))


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(images, "MAX_BYTES", LIMIT)


def fetched(source, target, private=("127.0.0.1",), server=SERVER):
    with connect(server, TOKEN, private) as connection:
        return fetch(connection, source, 1, target)


@pytest.mark.parametrize("address", PRIVATE)
def test_what_only_this_machine_or_its_network_reaches_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_what_is_on_the_internet_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "LOCALHOST"]
)
def test_no_image_comes_from_a_private_host_that_is_not_named(other_host, tmp_path, host):
    port = other_host.url.rpartition(":")[2]
    with pytest.raises(
        Unusable, match=r"on a private network; if images may come from there, add .* to pull\.private_h"
    ):
        fetched(f"http://{host}:{port}/a.png", tmp_path / "a", private=["10.0.0.7", "127.0.0.1:9"])
    assert other_host.asked == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "private", ["127.0.0.1", "127.0.0.1:PORT", "localhost", "LocalHost:PORT", "[::ffff:127.0.0.1]:PORT"]
)
def test_a_host_that_is_named_may_be_private(other_host, tmp_path, private):
    other_host.pages["/a.png"] = b"a"
    port = other_host.url.rpartition(":")[2]
    host = "localhost" if "host" in private.lower() else "127.0.0.1"
    assert fetched(f"http://{host}:{port}/a.png", tmp_path / "a", [private.replace("PORT", port)]) is None
    assert (tmp_path / "a").read_bytes() == b"a"


def test_the_server_itself_may_be_private(other_host, tmp_path):
    other_host.pages["/data/a.png"] = b"a"
    assert fetched("/data/a.png", tmp_path / "a", (), other_host.url) is None
    assert fetched(f"{other_host.url}/data/a.png", tmp_path / "b", (), other_host.url) is None


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:1/", "http://[::1]:1/", "http://169.254.169.254/latest/meta-data/"]
)
def test_no_redirect_leads_to_a_private_host(other_host, tmp_path, target):
    other_host.fail("/a.png", 302, Location=f"{other_host.url}/b.png")
    other_host.fail("/b.png", 302, Location=target)
    with pytest.raises(Unusable, match=r"is on this machine or on a private network"):
        fetched(f"{other_host.url}/a.png", tmp_path / "a", (), other_host.url)
    assert [path for path, _ in other_host.asked] == ["/a.png", "/b.png"]


def test_a_circle_of_redirects_ends(other_host, tmp_path):
    for _ in range(30):
        other_host.fail("/a.png", 302, Location=f"{other_host.url}/a.png")
    assert fetched(f"{other_host.url}/a.png", tmp_path / "a") == "more than 20 redirects"


def test_the_connection_is_made_to_the_address_that_was_looked_at(other_host, tmp_path, monkeypatch):
    other_host.pages["/a.png"] = b"a"
    port, resolve, asked = other_host.url.rpartition(":")[2], socket.getaddrinfo, []

    def rebinding(host, *more, **named):
        """The first answer is the allowed address, every further one is another."""
        asked.append(host)
        answers = ["127.0.0.1"] + ["127.0.0.2"] * 9
        return resolve(answers[asked.count(host) - 1] if host == "a.example" else host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    assert fetched(f"http://a.example:{port}/a.png", tmp_path / "a", [f"127.0.0.1:{port}"]) is None
    assert asked.count("a.example") == 1
    assert other_host.headers("/a.png")["host"] == f"a.example:{port}"


def test_a_proxy_is_not_asked_for_a_private_host(other_host, tmp_path, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", other_host.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(Unusable, match="private network"):
        fetched("http://169.254.169.254/latest/", tmp_path / "a")
    assert other_host.asked == []
    assert (
        fetched("http://only-the-proxy-knows.example/a.png", tmp_path / "a")
        == "HTTP 404 from only-the-proxy-knows.example"
    )


def test_a_name_that_is_none_is_told(tmp_path):
    assert "is no host's name" in fetched(f"http://a..{'b' * 70}/a.png", tmp_path / "a")
    assert fetched("http://127.0.0.1:99999/a.png", tmp_path / "a") == "99999 is no port"


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("headers", [{}, {"Content-Length": str(1 << 40)}])
def test_what_never_ends_is_cut_off_and_asked_for_once(endless, tmp_path, headers):
    endless.headers = headers
    (tmp_path / "run").mkdir()
    into = Into(tmp_path / "datasets", tmp_path / "run", quietly)
    with connect(SERVER, TOKEN, ["127.0.0.1"]) as connection:
        [pixels] = download(connection, [Shown(f"{endless.url}/a.png", 1, "image")], into, lambda _: {})
    assert (pixels.problem, pixels.detail) == ("huge_image", f"{endless.url}/a.png: larger than 1 MiB")
    assert endless.asked == 1
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.usefixtures("small")
def test_what_comes_with_a_redirect_is_not_read(endless, other_host, tmp_path):
    other_host.pages["/b.png"] = b"b"
    endless.status, endless.headers = 302, {"Location": f"{other_host.url}/b.png"}
    assert fetched(f"{endless.url}/a.png", tmp_path / "a") is None


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("packed", ["gzip", "deflate"])
def test_a_bomb_is_not_unpacked(endless, tmp_path, packed):
    zeros = bytes(64 << 20)
    endless.head, endless.endless = (gzip if packed == "gzip" else zlib).compress(zeros), False
    endless.headers = {"Content-Encoding": packed, "Content-Length": str(len(endless.head))}
    del zeros
    tracemalloc.start()
    with pytest.raises(Unusable, match="larger than 1 MiB"):
        fetched(f"{endless.url}/a.png", tmp_path / "a")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20
    endless.headers["Content-Encoding"] = "gzip, gzip"
    with pytest.raises(Unusable, match="it is sent as gzip, gzip, which is not read"):
        fetched(f"{endless.url}/a.png", tmp_path / "a")


@pytest.mark.usefixtures("small")
def test_what_follows_the_end_of_a_packed_image_is_not_read(endless, tmp_path):
    endless.head, endless.headers = gzip.compress(b"a"), {"Content-Encoding": "gzip"}
    assert fetched(f"{endless.url}/a.png", tmp_path / "a") is None
    assert (tmp_path / "a").read_bytes() == b"a"


@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}])
def test_a_failure_that_is_told_at_endless_length_is_not_read_to_its_end(endless, tmp_path, headers):
    endless.status, endless.headers = 500, headers
    endless.head = gzip.compress(b"has_permission") if headers else b"has_permission"
    assert fetched("/data/a.png", tmp_path / "a", (), endless.url) == "Label Studio has no such upload"
    assert endless.sent < 64 << 20


def test_an_image_may_come_packed(endless, tmp_path):
    made = io.BytesIO()
    Image.effect_noise((300, 200), 50).save(made, "PNG")
    for packed, compress in (("gzip", gzip.compress), ("deflate", zlib.compress)):
        endless.head, endless.endless = compress(made.getvalue()), False
        endless.headers = {"Content-Encoding": packed}
        assert fetched(f"{endless.url}/a.png", tmp_path / packed) is None
        assert (tmp_path / packed).read_bytes() == made.getvalue()
    endless.head = b"no gzip"
    with pytest.raises(Unusable, match="can't be unpacked"):
        fetched(f"{endless.url}/a.png", tmp_path / "none")


@pytest.mark.parametrize("host", ["http://minio", "minio/bucket", "a b", "::zz", "[::1", "minio:99999", "", "*"])
def test_what_is_no_host_is_refused_by_the_schema(host):
    with pytest.raises(ValidationError, match="is no host; write a name or an address"):
        backend.Options(url=SERVER, token=TOKEN, project=1, private_hosts=[host])


def test_hosts_of_every_form_are_taken():
    hosts = ["minio", "minio_1.example.com:9000", "10.0.0.7", "10.0.0.7:80", "::1", "[::1]", "[::1]:9000"]
    assert backend.Options(url=SERVER, token=TOKEN, project=1, private_hosts=hosts).private_hosts == hosts
    with connect(SERVER, TOKEN, hosts) as connection:
        assert connection.hosts.addresses("::1", 9000) == ["::1"]


@pytest.mark.parametrize("url", ["http://a:99999", f"http://{'a' * 70}", "http://a..b"])
def test_an_address_of_a_server_that_is_none_is_a_sentence(url):
    with pytest.raises(UsageError, match=r"is no address .*; check pull\.url"), connect(url, TOKEN) as connection:
        connection.get("/api/projects/", dict)
