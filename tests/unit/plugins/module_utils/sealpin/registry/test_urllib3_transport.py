# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""One exchange over a real socket: bounds, digests, TLS, proxies, and what breaks."""

from __future__ import annotations

import contextlib
import itertools
import socket
import ssl
import threading
import tracemalloc
from pathlib import Path

import pytest
import trustme

from sealpin.digest import Digest
from sealpin.errors import InvalidInput, SealpinError, Unavailable, VerificationFailed
from sealpin.registry.pacing import Deadline, SystemTicker
from sealpin.registry.proxies import ProxySettings
from sealpin.registry.tls import TlsOptions, make_context
from sealpin.registry.transport import Request, Response
from sealpin.registry.urllib3_transport import Urllib3Transport
from support import memory_registry
from support.memory_registry import Answer
from support.pacing import HandTicker
from support.processor_time import at_most

MIB = 1024 * 1024
CONTENT = bytes(range(256)) * 1024


@pytest.fixture
def registry():
    with memory_registry.serving() as running:
        running.repository("app").put_blob(CONTENT)
        yield running


def transport(tls: TlsOptions | None = None, **environment: str) -> Urllib3Transport:
    options = tls or TlsOptions()
    return Urllib3Transport(
        make_context=lambda: make_context(options),
        proxies=ProxySettings.from_environment(environment),
        server_name=options.server_name,
    )


def request(url: str, **changes: object) -> Request:
    deadline = Deadline.after(20, ticker=SystemTicker())
    return Request(**{"url": url, "max_bytes": MIB, "deadline": deadline, **changes})


def blob_url(registry, host: str = "") -> str:
    path = f"/v2/app/blobs/{Digest.of(CONTENT)}"
    return f"{registry.scheme}://{host or registry.host}{path}"


def code_of(send) -> str:
    with pytest.raises(SealpinError) as caught:
        send()
    return caught.value.code


def test_returns_status_headers_and_body(registry):
    answer = transport().send(request(blob_url(registry)))
    assert (answer.status, answer.body) == (200, CONTENT)
    assert answer.headers["docker-content-digest"] == str(Digest.of(CONTENT))


def test_asks_for_the_identity_encoding_and_says_who_it_is(registry):
    transport().send(request(blob_url(registry)))
    [asked] = registry.asked()
    assert asked.headers["accept-encoding"] == "identity"
    assert asked.headers["user-agent"].startswith("sealpin/")


def test_keeps_one_connection_for_several_requests(registry):
    sender = transport()
    for _turn in range(3):
        sender.send(request(blob_url(registry)))
    [pool] = sender._pools.values()
    assert pool.connection_from_url(blob_url(registry)).num_connections == 1


@pytest.mark.parametrize(
    ("rest", "target"),
    [
        ("/a/b?sig=x/y#part", "/a/b?sig=x/y"),
        ("?sig=/x", "/?sig=/x"),
        ("#/part", "/"),
        ("", "/"),
        ("/a b/\u00e9?c d", "/a%20b/%C3%A9?c%20d"),
    ],
)
def test_asks_for_the_path_and_query_of_an_address(registry, rest, target):
    transport().send(request(f"{registry.scheme}://{registry.host}{rest}"))
    assert [asked.path for asked in registry.asked()] == [target]


def test_answers_for_more_hosts_than_it_keeps_connections_to(registry):
    sender = transport()
    port = registry.host.rpartition(":")[2]
    spellings = [f"{'0' * zeros}177.0.0.1:{port}" for zeros in range(1, 41)]
    for host in (*spellings, *spellings):
        assert sender.send(request(blob_url(registry, host))).body == CONTENT


def test_checks_the_digest_while_it_reads(registry):
    registry.faults.append(memory_registry.corrupted)
    with pytest.raises(VerificationFailed) as caught:
        transport().send(request(blob_url(registry), expected_digest=Digest.of(CONTENT)))
    assert caught.value.code == "digest.mismatch"


def test_checks_a_sha512_digest(registry):
    expected = Digest.of(CONTENT, "sha512")
    assert transport().send(request(blob_url(registry), expected_digest=expected)).body == CONTENT


def test_takes_a_body_of_exactly_the_bound(registry):
    answer = transport().send(request(blob_url(registry), max_bytes=len(CONTENT)))
    assert answer.body == CONTENT


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "undeclared"])
def test_gives_up_a_body_of_a_gibibyte_without_holding_it(registry, declared):
    registry.faults.append(memory_registry.endless(1024 * MIB, declared=declared))
    tracemalloc.start()
    try:
        code = code_of(lambda: transport().send(request(blob_url(registry))))
        _unused, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert code == "registry.too-large"
    assert peak_bytes < 32 * MIB


def test_a_body_longer_than_declared_is_cut_at_its_declaration(registry):
    registry.faults.append(
        lambda asked, answer: Answer(body=CONTENT + b"more", declared_length=len(CONTENT))
    )
    answer = transport().send(request(blob_url(registry), expected_digest=Digest.of(CONTENT)))
    assert answer.body == CONTENT


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        pytest.param(memory_registry.truncated, "registry.truncated", id="truncated"),
        pytest.param(memory_registry.reset, "registry.connection", id="reset"),
        pytest.param(
            lambda asked, answer: Answer(headers={"Content-Encoding": "gzip"}, body=b"x"),
            "registry.content-encoding",
            id="compressed unasked",
        ),
    ],
)
def test_what_is_no_whole_answer_is_unavailable(registry, fault, code):
    registry.faults.append(fault)
    assert code_of(lambda: transport().send(request(blob_url(registry)))) == code


def test_reads_only_the_beginning_of_an_error(registry):
    registry.faults.append(
        lambda asked, answer: Answer(status=500, body=b"x" * MIB, declared_length=MIB)
    )
    answer = transport().send(request(blob_url(registry)))
    assert answer.status == 500
    assert 0 < len(answer.body) <= 64 * 1024


def test_gives_up_a_trickle_at_the_deadline(registry):
    ticker = HandTicker()

    def trickle():
        while True:
            ticker.pass_s(1)
            yield b"x"

    registry.faults.append(lambda asked, answer: Answer(stream=trickle))
    deadline = Deadline.after(5, ticker=ticker)
    code = code_of(lambda: transport().send(request(blob_url(registry), deadline=deadline)))
    assert code == "registry.deadline"


def test_asks_nothing_after_the_deadline(registry):
    ticker = HandTicker()
    deadline = Deadline.after(5, ticker=ticker)
    ticker.pass_s(6)
    code = code_of(lambda: transport().send(request(blob_url(registry), deadline=deadline)))
    assert code == "registry.deadline"
    assert registry.asked() == []


def test_a_server_that_says_nothing_times_out():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v2/"
        # By hand, lest a busy machine lets the time pass before anything was asked.
        deadline = Deadline.after(0.2, ticker=HandTicker())
        code = code_of(lambda: transport().send(request(url, deadline=deadline)))
    assert code == "registry.timeout"


@pytest.mark.parametrize(
    "beginning",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Slow: ", id="headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", id="body"),
        pytest.param(b"HTTP/1.1 404 No\r\nContent-Length: 9999\r\n\r\n", id="error"),
        pytest.param(b"", id="status line"),
    ],
)
def test_a_server_that_sends_a_byte_at_a_time_does_not_hold_a_thread(beginning):
    with socket.create_server(("127.0.0.1", 0)) as slow:
        sent = []

        def drip():
            connection, _unused = slow.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(65536)
                connection.sendall(beginning)
                while not stopped.wait(0.01):
                    connection.sendall(b"x")
                    sent.append(b"x")

        stopped = threading.Event()
        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{slow.getsockname()[1]}/v2/"
        deadline = Deadline.after(0.3, ticker=SystemTicker())
        code = code_of(lambda: transport().send(request(url, deadline=deadline)))
        # Bytes, not seconds: a machine that stands still stops both ends.
        assert len(sent) < 500
        assert code in ("registry.timeout", "registry.deadline")
        stopped.set()
        thread.join(5)


INTERIM = b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n"


@contextlib.contextmanager
def answering(*pieces: bytes, forever: bool = False):
    """A server that answers one request with *pieces*; *forever*, until nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _unused = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(65536)
                for piece in itertools.cycle(pieces) if forever else pieces:
                    connection.sendall(piece)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v2/"
        thread.join(5)
        assert not thread.is_alive()


def test_an_endless_stream_of_interim_answers_ends_long_before_the_deadline():
    with answering(INTERIM * 100, forever=True) as url, at_most(10):
        deadline = Deadline.after(300, ticker=SystemTicker())
        with pytest.raises(Unavailable, match="bytes before the body") as told:
            transport().send(request(url, deadline=deadline))
    assert told.value.code == "registry.connection"


def test_interim_answers_before_a_long_one_are_passed_over():
    body = bytes(2 * MIB)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    with answering(INTERIM * 3, head, body) as url:
        answer = transport().send(request(url, max_bytes=len(body)))
    assert (answer.status, answer.body) == (200, body)


def test_a_refused_connection_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    code = code_of(lambda: transport().send(request(f"http://127.0.0.1:{port}/v2/")))
    assert code == "registry.unreachable"


def test_a_name_that_does_not_resolve_is_looked_up_once(monkeypatch):
    lookups = []

    def resolve(host, *args, **kwargs):
        lookups.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    sender = transport()
    for _turn in range(3):
        code = code_of(lambda: sender.send(request("https://registry.invalid/v2/")))
        assert code == "registry.unknown-host"
    assert lookups == ["registry.invalid"]


@pytest.fixture
def authority(tmp_path: Path):
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    return ca


@pytest.fixture
def secure(authority):
    with memory_registry.serving(tls=authority) as running:
        running.repository("app").put_blob(CONTENT)
        yield running


def test_trusts_a_named_authority(secure, tmp_path):
    options = TlsOptions(ca_files=(tmp_path / "ca.pem",))
    assert transport(options).send(request(blob_url(secure))).body == CONTENT


def test_does_not_trust_an_authority_nobody_named(secure):
    with pytest.raises(Unavailable) as caught:
        transport().send(request(blob_url(secure)))
    assert caught.value.code == "registry.tls"
    assert caught.value.hint


def test_does_not_trust_another_authority(secure, tmp_path):
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    options = TlsOptions(ca_files=(tmp_path / "other.pem",))
    assert code_of(lambda: transport(options).send(request(blob_url(secure)))) == "registry.tls"


def test_expects_the_host_in_the_certificate_or_the_name_it_is_told(authority, tmp_path):
    named = TlsOptions(ca_files=(tmp_path / "ca.pem",), server_name="registry.example")
    wrong = TlsOptions(ca_files=(tmp_path / "ca.pem",), server_name="other.example")
    with memory_registry.serving(tls=authority) as running:
        running.repository("app").put_blob(CONTENT)
        assert transport(named).send(request(blob_url(running))).status == 200
        assert code_of(lambda: transport(wrong).send(request(blob_url(running)))) == "registry.tls"


def test_takes_any_certificate_only_when_told_unsafely(secure):
    assert (
        transport(TlsOptions(unsafe_unverified=True)).send(request(blob_url(secure))).status == 200
    )


def test_speaks_no_tls_to_a_plain_server_and_no_http_to_a_tls_server(registry, secure):
    plain_url = blob_url(registry).replace("http://", "https://")
    assert code_of(lambda: transport().send(request(plain_url))) == "registry.tls"


def test_presents_a_client_certificate(authority, tmp_path):
    certificate = authority.issue_cert("client")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "client.pem")
    with memory_registry.serving(tls=authority) as running:
        running.repository("app").put_blob(CONTENT)
        context = running._server.socket.context
        context.verify_mode = ssl.CERT_REQUIRED
        authority.configure_trust(context)
        ca = (tmp_path / "ca.pem",)
        with_one = TlsOptions(ca_files=ca, client_certificate=tmp_path / "client.pem")
        without = TlsOptions(ca_files=ca)
        assert transport(with_one).send(request(blob_url(running))).status == 200
        code = code_of(lambda: transport(without).send(request(blob_url(running))))
        assert code in ("registry.tls", "registry.connection")


def test_reaches_the_outside_through_the_proxy_and_gives_it_its_own_password():
    """A proxy sees CONNECT with its credentials, and nothing of the request inside."""
    seen = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:

        def refuse():
            connection, _unused = proxy.accept()
            with connection:
                seen.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        url = f"http://me:pr0xy@127.0.0.1:{proxy.getsockname()[1]}"
        with pytest.raises(Unavailable) as caught:
            transport(HTTPS_PROXY=url).send(
                request("https://registry.example/v2/", headers={"Authorization": "Basic s3cret"})
            )
        thread.join(5)
    assert caught.value.code == "registry.proxy"
    assert "pr0xy" not in str(caught.value)
    assert seen[0].startswith(b"CONNECT registry.example:443")
    assert b"proxy-authorization: basic" in seen[0].lower()
    assert b"s3cret" not in seen[0]


def test_asks_a_proxy_for_the_whole_address_where_there_is_no_tls(registry):
    sender = transport(HTTP_PROXY=f"http://me:pr0xy@{registry.host}")
    sender.send(request("http://registry.example/v2/?n=1#part"))
    [asked] = registry.asked()
    assert asked.path == "http://registry.example/v2/?n=1"
    assert asked.headers["host"] == "registry.example"
    assert asked.headers["proxy-authorization"].startswith("Basic ")


def test_values_keep_their_secrets_to_themselves():
    asked = request("https://r.example/", headers={"Authorization": "s3cret"}, body=b"s3cret")
    answer = Response(url="https://r.example/", status=200, headers={}, body=b"s3cret")
    settings = ProxySettings(https_proxy="http://me:s3cret@proxy.example")
    assert "s3cret" not in repr((asked, answer, settings))


@pytest.mark.parametrize(
    "content", [None, b"", b"no certificate"], ids=["missing", "empty", "junk"]
)
def test_an_authority_file_that_does_not_load_is_an_error(tmp_path, content):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidInput) as caught:
        make_context(TlsOptions(ca_files=(path,)))
    assert caught.value.code == "tls.ca-file"
    assert "ca.pem" in caught.value.message


def test_a_client_certificate_that_does_not_load_is_an_error(tmp_path):
    with pytest.raises(InvalidInput) as caught:
        make_context(TlsOptions(client_certificate=tmp_path / "gone.pem"))
    assert caught.value.code == "tls.client-certificate"
    with pytest.raises(InvalidInput):
        make_context(TlsOptions(client_key=tmp_path / "key.pem"))
