# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Challenges, tokens and what is sent to whom."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sealpin.digest import Digest
from sealpin.errors import SealpinError, Unavailable
from sealpin.reference import ImageReference
from sealpin.registry.connect import connect
from sealpin.registry.credentials import (
    BasicCredentials,
    Credentials,
    IdentityToken,
    RegistryToken,
)
from sealpin.registry.options import RegistryOptions
from sealpin.registry.source import Source
from support import memory_registry
from support.memory_registry import Answer, Behaviour, MemoryRegistry, on
from support.pacing import HandTicker

RIGHT = BasicCredentials(username="user", password="s3cret")
WRONG = BasicCredentials(username="user", password="wr0ng")


@pytest.fixture
def registry():
    behaviour = Behaviour(users={"user": "s3cret"})
    with memory_registry.serving(behaviour=behaviour) as running:
        for path in ("app", "other"):
            running.repository(path).put_manifest({"layers": []}, tag="1.0")
        yield running


def client(
    registry: MemoryRegistry,
    credentials: Credentials | None = None,
    ticker: HandTicker | None = None,
) -> Source:
    options = RegistryOptions(credentials=credentials, credentials_for=frozenset({registry.host}))
    return connect(options, ticker=ticker or HandTicker())


def reference(registry: MemoryRegistry, path: str = "app") -> ImageReference:
    return ImageReference.parse(f"{registry.host}/{path}:1.0")


@pytest.mark.parametrize("scheme", ["basic", "bearer"])
def test_answers_a_challenge_with_the_credentials(registry, scheme):
    registry.behaviour.authentication = scheme
    artifact = client(registry, RIGHT).resolve(reference(registry))
    assert str(artifact.digest) in registry.repositories["app"].manifests
    assert "authorization" not in registry.asked()[0].headers


@pytest.mark.parametrize("scheme", ["basic", "bearer"])
@pytest.mark.parametrize("credentials", [WRONG, None], ids=["wrong", "absent"])
def test_without_the_right_password_the_image_is_unavailable_not_missing(
    registry, scheme, credentials
):
    registry.behaviour.authentication = scheme
    with pytest.raises(Unavailable) as caught:
        client(registry, credentials).resolve(reference(registry))
    assert caught.value.code == "registry.unauthorized"
    assert "wr0ng" not in str(caught.value)


def logged_in(registry: MemoryRegistry, folder: Path, entry: dict[str, str]) -> Source:
    (folder / "auth.json").write_text(json.dumps({"auths": {registry.host: entry}}))
    environment = {"REGISTRY_AUTH_FILE": str(folder / "auth.json")}
    return connect(RegistryOptions(environment=environment), ticker=HandTicker())


def refused(source: Source, registry: MemoryRegistry) -> Unavailable:
    with pytest.raises(Unavailable) as caught:
        source.resolve(reference(registry))
    assert caught.value.code == "registry.unauthorized"
    return caught.value


@pytest.mark.parametrize("scheme", ["basic", "bearer"])
def test_a_refused_login_is_named_by_the_file_that_keeps_it(registry, tmp_path: Path, scheme):
    registry.behaviour.authentication = scheme
    entry = {"auth": base64.b64encode(b"user:wr0ng").decode()}
    error = refused(logged_in(registry, tmp_path, entry), registry)
    assert f'refuses the login in "{tmp_path}/auth.json" for' in error.message
    assert "wr0ng" not in str(error)
    assert "refuses the given login for" in refused(client(registry, WRONG), registry).message


def test_a_stored_token_is_not_said_to_be_no_login(registry, tmp_path: Path):
    registry.behaviour.authentication = "basic"
    error = refused(logged_in(registry, tmp_path, {"identitytoken": "s3cret"}), registry)
    assert error.message == (
        f"registry {registry.host} wants a user name and a password, got a token:"
        f' the login in "{tmp_path}/auth.json"'
    )
    assert "s3cret" not in str(error)


def test_a_credentials_file_that_is_named_and_absent_is_told_of(registry, tmp_path: Path):
    registry.behaviour.authentication = "basic"
    absent = str(tmp_path / "absent.json")
    source = connect(RegistryOptions(environment={"REGISTRY_AUTH_FILE": absent}))
    assert refused(source, registry).hint.startswith(
        f'REGISTRY_AUTH_FILE names "{absent}", which is not there; log in: docker login'
    )


def test_without_a_login_an_anonymous_token_that_is_refused_says_so(registry):
    registry.behaviour.authentication = "bearer"
    assert "wants a login, and none was found" in refused(client(registry), registry).message


def test_asks_no_anonymous_registry_for_anything_but_the_manifest(registry):
    client(registry, RIGHT).resolve(reference(registry))
    assert [asked.path for asked in registry.asked()] == ["/v2/app/manifests/1.0"]
    assert "authorization" not in registry.asked()[0].headers


def test_reads_a_public_repository_with_an_anonymous_token(registry):
    registry.behaviour.authentication = "bearer"
    registry.behaviour.public_paths = frozenset({"app"})
    client(registry).resolve(reference(registry))
    assert len(registry.asked("token")) == 1


def test_fetches_one_token_for_a_repository_however_many_threads_want_it(registry):
    registry.behaviour.authentication = "bearer"
    repository = registry.repositories["app"]
    digests = [
        repository.put_manifest({"layers": [], "annotations": {"n": str(i)}}) for i in range(16)
    ]
    source = client(registry, RIGHT)
    references = [ImageReference.parse(f"{registry.host}/app@{digest}") for digest in digests]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda r: source.manifest(r.repository, r.digest), references))
    assert len(registry.asked("token")) == 1


def test_a_second_repository_gets_its_own_token_and_no_second_challenge(registry):
    registry.behaviour.authentication = "bearer"
    source = client(registry, RIGHT)
    source.resolve(reference(registry, "app"))
    registry.forget()
    source.resolve(reference(registry, "other"))
    assert [asked.kind for asked in registry.asked()] == ["token", "manifests"]
    assert sorted(registry.tokens.values()) == ["repository:app:pull", "repository:other:pull"]


def test_renews_a_token_that_has_expired(registry):
    registry.behaviour.authentication = "bearer"
    registry.behaviour.token_lifetime_s = 60
    ticker = HandTicker()
    source = client(registry, RIGHT, ticker)
    source.resolve(reference(registry))
    ticker.pass_s(51)
    registry.forget()
    source.referrers(reference(registry).repository, Digest.of(b"any"))
    assert [asked.kind for asked in registry.asked()] == ["token", "referrers"]


def test_keeps_a_token_as_long_as_its_service_says(registry):
    registry.behaviour.authentication = "bearer"
    registry.behaviour.token_lifetime_s = 120
    ticker = HandTicker()
    source = client(registry, RIGHT, ticker)
    source.resolve(reference(registry))
    ticker.pass_s(105)
    registry.forget()
    source.referrers(reference(registry).repository, Digest.of(b"any"))
    assert [asked.kind for asked in registry.asked()] == ["referrers"]


@pytest.mark.parametrize("lifetime", [0, -1, True, "300", None])
def test_a_lifetime_that_is_none_is_the_shortest(registry, lifetime):
    registry.behaviour.authentication = "bearer"
    registry.behaviour.token_lifetime_s = lifetime
    ticker = HandTicker()
    source = client(registry, RIGHT, ticker)
    source.resolve(reference(registry))
    ticker.pass_s(51)
    registry.forget()
    source.referrers(reference(registry).repository, Digest.of(b"any"))
    assert [asked.kind for asked in registry.asked()] == ["token", "referrers"]


@pytest.mark.parametrize("code", [403, 404, 407])
def test_only_a_401_is_a_challenge(registry, code):
    challenge = f'Bearer realm="http://{registry.host}/token",service="x"'
    registry.faults.append(memory_registry.status(code, WWW_Authenticate=challenge))
    with pytest.raises(SealpinError):
        client(registry, RIGHT).resolve(reference(registry))
    assert [asked.kind for asked in registry.asked()] == ["manifests"]
    assert "authorization" not in registry.asked()[0].headers


def test_renews_a_token_the_registry_no_longer_takes(registry):
    registry.behaviour.authentication = "bearer"
    source = client(registry, RIGHT)
    source.resolve(reference(registry))
    registry.tokens = {f"old-{token}": scope for token, scope in registry.tokens.items()}
    registry.forget()
    source.referrers(reference(registry).repository, Digest.of(b"any"))
    assert [asked.kind for asked in registry.asked()] == ["referrers", "token", "referrers"]


def test_does_not_ask_twice_with_the_password_that_was_refused(registry):
    registry.behaviour.authentication = "basic"
    source = client(registry, WRONG)
    for tag in ("1.0", "2.0"):
        with pytest.raises(Unavailable):
            source.resolve(ImageReference.parse(f"{registry.host}/app:{tag}"))
    refused = [asked for asked in registry.asked() if "authorization" in asked.headers]
    assert len(refused) == 2


def test_sends_an_explicit_bearer_token_at_once(registry):
    registry.behaviour.authentication = "bearer"
    registry.tokens["given"] = "repository:app:pull"
    client(registry, RegistryToken(token="given")).resolve(reference(registry))
    assert [asked.kind for asked in registry.asked()] == ["manifests"]


def test_exchanges_an_identity_token_by_post(registry):
    registry.behaviour.authentication = "bearer"
    registry.behaviour.public_paths = frozenset({"app"})
    client(registry, IdentityToken(token="refresh-me")).resolve(reference(registry))
    [asked] = registry.asked("token")
    assert asked.method == "POST"
    assert "refresh_token=refresh-me" in asked.path
    assert "grant_type=refresh_token" in asked.path


@pytest.mark.parametrize(
    "realm",
    [
        pytest.param("http://auth.example/token", id="plain HTTP elsewhere"),
        pytest.param("ftp://127.0.0.1/token", id="another scheme"),
        pytest.param("", id="none"),
        pytest.param("/token", id="relative"),
        pytest.param("https://user@auth.example/token", id="with a user"),
        pytest.param("https://auth.example:x/token", id="with a broken port"),
    ],
)
def test_sends_no_password_to_a_realm_it_cannot_trust(registry, realm):
    def challenge(asked, answer):
        return Answer(status=401, headers={"WWW-Authenticate": f'Bearer realm="{realm}"'})

    registry.faults.append(challenge)
    with pytest.raises(Unavailable) as caught:
        client(registry, RIGHT).resolve(reference(registry))
    assert caught.value.code == "registry.realm"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="no object"),
        pytest.param(b"{}", id="no token"),
        pytest.param(json.dumps({"token": "a\r\nX-Evil: 1"}).encode(), id="header injection"),
        pytest.param(json.dumps({"token": 1}).encode(), id="a number"),
        pytest.param(b'{"token": "abc", "token": "def"}', id="two tokens"),
    ],
)
def test_refuses_an_unusable_token_without_repeating_it(registry, body):
    registry.behaviour.authentication = "bearer"
    registry.faults.append(memory_registry.on("^/token", lambda *_: Answer(body=body)))
    with pytest.raises(Unavailable) as caught:
        client(registry, RIGHT).resolve(reference(registry))
    assert caught.value.code == "registry.token"
    assert "abc" not in caught.value.message


def test_an_overloaded_token_service_is_unavailable(registry):
    registry.behaviour.authentication = "bearer"
    registry.faults.append(memory_registry.on("^/token", memory_registry.status(429)))
    with pytest.raises(Unavailable) as caught:
        client(registry, RIGHT).resolve(reference(registry))
    assert caught.value.code == "registry.rate-limited"


def test_an_unknown_kind_of_challenge_is_no_answer(registry):
    headers = {"WWW-Authenticate": "Negotiate"}
    registry.faults.append(lambda *_: Answer(status=401, headers=headers))
    with pytest.raises(Unavailable) as caught:
        client(registry, RIGHT).resolve(reference(registry))
    assert caught.value.code == "registry.unauthorized"


@pytest.mark.parametrize("scheme", ["basic", "bearer"])
def test_answers_a_challenge_with_the_token_of_dockers_configuration(
    registry, tmp_path: Path, scheme
):
    registry.behaviour.authentication = scheme
    registry.tokens["given"] = "repository:app:pull"
    config = {"auths": {registry.host: {"registrytoken": "given"}}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    options = RegistryOptions(environment={"DOCKER_CONFIG": str(tmp_path)})
    source = connect(options, ticker=HandTicker())
    if scheme == "bearer":
        source.resolve(reference(registry))
    else:
        with pytest.raises(Unavailable):
            source.resolve(reference(registry))
    assert [asked.headers.get("authorization") for asked in registry.asked()] == [
        None,
        "Bearer given",
    ]


def test_reads_credentials_from_the_configuration_of_docker(registry, tmp_path: Path):
    registry.behaviour.authentication = "basic"
    auth = base64.b64encode(b"user:s3cret").decode()
    config = {"auths": {registry.host: {"auth": auth}}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    options = RegistryOptions(environment={"DOCKER_CONFIG": str(tmp_path)})
    connect(options, ticker=HandTicker()).resolve(reference(registry))


@pytest.mark.parametrize(
    ("scheme", "credentials"),
    [("", RIGHT), ("", IdentityToken(token="s3cret")), ("basic", RIGHT), ("bearer", RIGHT)],
)
def test_cve_2020_15157_a_redirect_s_target_names_no_token_service(registry, scheme, credentials):
    registry.behaviour.authentication = scheme
    digest = Digest.parse(registry.repository("app").put_blob(b"content"))
    with memory_registry.serving() as evil:
        challenge = f'Bearer realm="http://{evil.host}/token"'
        wants_more = Answer(status=401, headers={"WWW-Authenticate": challenge})
        leads_there = Answer(status=307, headers={"Location": f"http://{evil.host}/blob"})
        evil.faults.append(on("/blob", lambda asked, answer: wants_more))
        registry.faults.append(
            on("/blobs/", lambda asked, answer: leads_there if answer.status == 200 else answer)
        )
        source = client(registry, credentials)
        for _turn in range(2):
            with pytest.raises(Unavailable) as caught:
                source.blob(reference(registry).repository, digest, max_bytes=9)
            if scheme == "" or credentials == RIGHT:
                assert caught.value.code == "registry.redirect"
        assert {asked.path for asked in evil.asked()} <= {"/blob"}
        assert not any("authorization" in asked.headers for asked in evil.asked())
