# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A hostile or broken registry or mirror: it may withhold, and never decide, leak or hang."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from sealpin.digest import Digest
from sealpin.errors import SealpinError, Unavailable
from sealpin.reference import ImageReference, Repository
from sealpin.registry.client import _next_page
from sealpin.registry.connect import connect, fetch
from sealpin.registry.credentials import BasicCredentials
from sealpin.registry.discover import discover
from sealpin.registry.mirrors import Mirrors
from sealpin.registry.options import RegistryOptions
from sealpin.registry.retry import retry_after_s
from sealpin.registry.source import Source
from sealpin.registry.transport import Response
from support.command import sealpin
from support.memory_registry import Answer, Behaviour, MemoryRegistry, on
from support.processor_time import at_most

SUBJECT = Digest("sha256", "ab" * 32)
IMAGE = b'{"schemaVersion": 2, "layers": []}'
NO_DATE = {"date": "Mon, 01 Jan 2024 00:00:00 GMT"}
APP = Repository(registry="registry.test", path="app")


def answer(**headers: str) -> Response:
    return Response(
        status=200,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=b"",
        url="https://registry.test/v2/app/referrers/x",
    )


def mirrored(root: Path) -> Source:
    mirrors = Mirrors.parse((f"registry.test=dir:{root}",), base=root)
    return connect(RegistryOptions(mirrors=mirrors))


def plain(**options: object) -> Source:
    return connect(RegistryOptions(**options))


def write_layout(folder: Path, entries: list[dict]) -> Path:
    (folder / "blobs/sha256").mkdir(parents=True)
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}))
    return folder


@pytest.mark.parametrize("link", ["<" * 60_000, "<a>;" * 15_000, '<a>; x="' * 7_000])
def test_link_header_of_any_kind_is_read_in_no_time(link: str) -> None:
    with at_most(10), pytest.raises(Unavailable):
        _next_page(answer(link=link), APP)


@pytest.mark.parametrize(
    "link",
    [
        "<https://other.test/v2/app/referrers/x?n=1>; rel=next",
        "<//other.test/v2/app/referrers/x>; rel=next",
        "</v2/application/referrers/x>; rel=next",
        "</v2/other/referrers/x>; rel=next",
        "<https://registry.test@other.test/v2/app/x>; rel=next",
        "<https://[registry.test/v2/app/x>; rel=next",
    ],
)
def test_next_page_stays_in_the_repository(link: str) -> None:
    with pytest.raises(Unavailable, match="outside"):
        _next_page(answer(link=link), APP)


@pytest.mark.parametrize(
    "value",
    [
        "\u00b2",
        "\u0663",
        "Mon, 01 Jan 2024 00:00:00 +99999999999999999999",
        "9" * 5000,
        "-1",
        "1e9",
    ],
)
def test_retry_after_of_any_kind_is_a_time_or_none(value: str) -> None:
    waited = retry_after_s(answer(retry_after=value, **NO_DATE))
    assert waited is None or waited > 0


def test_very_many_mirrors_take_no_time_that_grows_with_their_square() -> None:
    with at_most(5):
        Mirrors.parse((f"r{n}.test=dir:x" for n in range(20_000)), base=Path())


def test_missing_folder_of_a_mirror_is_not_the_absence_of_evidence(tmp_path: Path) -> None:
    found = discover(mirrored(tmp_path / "unmounted"), image=APP, subject=SUBJECT)
    assert not found.is_complete


def test_unreadable_entry_of_a_layout_is_not_the_absence_of_evidence(tmp_path: Path) -> None:
    entry = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 2}
    write_layout(tmp_path / "app", [{**entry, "digest": f"sha256:{'c' * 64}"}])
    found = discover(mirrored(tmp_path), image=APP, subject=SUBJECT)
    assert not found.is_complete


def test_altered_entry_of_a_layout_is_not_the_absence_of_evidence(tmp_path: Path) -> None:
    entry = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 2}
    folder = write_layout(tmp_path / "app", [{**entry, "digest": f"sha256:{'c' * 64}"}])
    (folder / "blobs/sha256" / ("c" * 64)).write_text("{}")
    found = discover(mirrored(tmp_path), image=APP, subject=SUBJECT)
    assert not found.is_complete


def test_empty_layout_is_the_absence_of_evidence(tmp_path: Path) -> None:
    write_layout(tmp_path / "app", [])
    assert discover(mirrored(tmp_path), image=APP, subject=SUBJECT).is_complete


@pytest.mark.parametrize("path", ["app/../../secret", "..", "app/%2e%2e"])
def test_no_name_leads_out_of_a_mirrored_folder(tmp_path: Path, path: str) -> None:
    source = mirrored(tmp_path)
    with pytest.raises(SealpinError):
        source.manifest(Repository(registry="registry.test", path=path), SUBJECT)


def test_link_in_a_mirrored_folder_is_not_followed(tmp_path: Path) -> None:
    write_layout(tmp_path / "outside", [])
    (tmp_path / "root").mkdir()
    (tmp_path / "root/app").symlink_to(tmp_path / "outside")
    assert not discover(mirrored(tmp_path / "root"), image=APP, subject=SUBJECT).is_complete


@pytest.mark.parametrize("suffix", [r"\.sig$", r"\.att$", r"manifests/sha256-[0-9a-f]{64}$"])
@pytest.mark.parametrize("body", [b"<html>log in</html>", b"", b"[]", b'{"errors": []}'])
def test_page_of_a_portal_is_not_the_absence_of_evidence(suffix: str, body: bytes) -> None:
    with MemoryRegistry() as registry:
        registry.behaviour.referrers_api = False
        registry.repository("app")
        registry.faults.append(on(suffix, lambda asked, answered: Answer(body=body)))
        image = Repository.parse(f"{registry.host}/app")
        assert not discover(plain(), image=image, subject=SUBJECT).is_complete


@pytest.mark.parametrize("status", [301, 400, 401, 403, 408, 410, 418, 429, 451, 500, 503])
def test_no_status_but_404_is_the_absence_of_a_signature(status: int) -> None:
    with MemoryRegistry() as registry:
        registry.repository("app")
        broken = Answer(status=status, headers={"Retry-After": "999"})
        registry.faults.append(on(r"\.sig$", lambda asked, answered: broken))
        image = Repository.parse(f"{registry.host}/app")
        assert not discover(plain(), image=image, subject=SUBJECT).is_complete


def test_listed_referrer_that_is_gone_is_not_the_absence_of_evidence() -> None:
    with MemoryRegistry() as registry:
        app = registry.repository("app")
        listed = app.attach(str(SUBJECT), b"{}", layer_type="application/x")
        registry.faults.append(on(listed, lambda asked, answered: Answer(status=404)))
        image = Repository.parse(f"{registry.host}/app")
        assert not discover(plain(), image=image, subject=SUBJECT).is_complete


def test_tag_that_changes_its_meaning_is_seen_with_one_of_them() -> None:
    with MemoryRegistry() as registry:
        app = registry.repository("app")
        first, second = (app.put_manifest({"layers": [], "config": None, "n": n}) for n in (1, 2))
        app.tags["1"] = [first, second]
        reference = ImageReference.parse(f"{registry.host}/app:1")
        source = plain()
        assert {str(source.resolve(reference).digest) for _turn in range(3)} == {first}


def test_registry_that_announces_another_digest_is_caught() -> None:
    with MemoryRegistry() as registry:
        app = registry.repository("app")
        app.put_manifest({"layers": []}, tag="1")

        def lie(asked: object, answered: Answer) -> Answer:
            answered.headers["Docker-Content-Digest"] = str(SUBJECT)
            return answered

        registry.faults.append(on("manifests/1$", lie))
        with pytest.raises(SealpinError, match="mismatch"):
            plain().resolve(ImageReference.parse(f"{registry.host}/app:1"))


@pytest.mark.parametrize(
    ("announced", "code"),
    [
        (f"sha512:{hashlib.sha512(IMAGE).hexdigest()}", ""),
        (f"sha512:{'0' * 128}", "digest.mismatch"),
        (f"sha256:{hashlib.sha512(IMAGE).hexdigest()}", "registry.malformed-answer"),
        (f"SHA256:{hashlib.sha256(IMAGE).hexdigest()}", "registry.malformed-answer"),
        (f"sha256:{hashlib.sha256(IMAGE).hexdigest()}, {SUBJECT}", "registry.malformed-answer"),
        ("md5:d41d8cd98f00b204e9800998ecf8427e", "registry.malformed-answer"),
        ("", "registry.malformed-answer"),
    ],
    ids=["sha512", "another sha512", "sha512 named sha256", "case", "two", "md5", "empty"],
)
def test_digest_is_computed_from_the_content_whatever_is_announced(
    announced: str, code: str
) -> None:
    with MemoryRegistry() as registry:
        digest = registry.repository("app").put_manifest(IMAGE, tag="1")

        def announce(asked: object, answered: Answer) -> Answer:
            answered.headers["Docker-Content-Digest"] = announced
            return answered

        registry.faults.append(on("manifests/1$", announce))
        reference = ImageReference.parse(f"{registry.host}/app:1")
        if code:
            with pytest.raises(SealpinError) as raised:
                plain().resolve(reference)
            assert raised.value.code == code
        else:
            assert str(plain().resolve(reference).digest) == digest


@pytest.mark.parametrize("kind", ["manifests", "blobs"])
def test_mirror_that_has_other_bytes_under_a_digest_is_caught(kind: str) -> None:
    with MemoryRegistry() as registry:
        other = Answer(headers={"Docker-Content-Digest": str(SUBJECT)}, body=IMAGE)
        registry.faults.append(on(kind, lambda asked, answered: other))
        mirrors = Mirrors.parse((f"registry.test={registry.host}",), base=Path())
        source = plain(mirrors=mirrors)
        reads = {
            "manifests": lambda: source.manifest(APP, SUBJECT),
            "blobs": lambda: source.blob(APP, SUBJECT, max_bytes=1000),
        }
        with pytest.raises(SealpinError) as raised:
            reads[kind]()
        assert raised.value.code == "digest.mismatch"


@pytest.mark.parametrize("location", ["http://{host}/elsewhere", "http://localhost:{port}/x"])
def test_redirect_to_another_origin_carries_no_credentials(location: str) -> None:
    with MemoryRegistry() as registry, MemoryRegistry() as other:
        registry.behaviour.authentication = "basic"
        registry.behaviour.users["me"] = "secret"
        target = location.format(host=other.host, port=other.port)
        registry.repository("app").put_manifest({"layers": []}, tag="1")

        def redirect(asked: object, answered: Answer) -> Answer:
            is_in = answered.status == 200
            return Answer(status=307, headers={"Location": target}) if is_in else answered

        registry.faults.append(on("manifests/1$", redirect))
        me = BasicCredentials(username="me", password="secret")
        with pytest.raises(SealpinError):
            plain(credentials=me, credentials_for=frozenset({registry.host})).resolve(
                ImageReference.parse(f"{registry.host}/app:1")
            )
        assert other.asked()
        assert not any("authorization" in asked.headers for asked in other.asked())


@pytest.mark.parametrize("place", ["{other}\\@{own}", "{other}\\.localhost", "x@{own}"])
def test_address_that_two_parsers_read_differently_is_not_asked(place: str) -> None:
    with MemoryRegistry() as registry, MemoryRegistry() as other:
        url = f"http://{place.format(other=other.host, own=registry.host)}/cosign.pub"
        with pytest.raises(Unavailable) as raised:
            fetch(url, max_bytes=1000, options=RegistryOptions())
        assert raised.value.code == "registry.address"
        assert not registry.asked() + other.asked()


CREDENTIALS = {
    "cut short": ('{"auths": {', "credentials.file"),
    "nested": (f'{{"auths": {"[" * 200}{"]" * 200}}}', "credentials.file"),
    "no base64": ('{"auths": {"HOST": {"auth": "!"}}}', "credentials.file"),
    "a path for a helper": ('{"credsStore": "../x"}', "credentials.helper-name"),
    "two lines": ('{"auths": {"HOST": {"registrytoken": "a\\nb"}}}', "credentials.token"),
    "no ASCII": ('{"auths": {"HOST": {"registrytoken": "\u20ac"}}}', "credentials.token"),
}


@pytest.mark.parametrize(("content", "code"), CREDENTIALS.values(), ids=CREDENTIALS)
def test_malformed_credentials_have_one_exit_code_whatever_the_verb(
    content: str, code: str, tmp_path: Path
) -> None:
    with MemoryRegistry(behaviour=Behaviour(authentication="bearer")) as registry:
        digest = registry.repository("app").put_manifest(IMAGE, tag="1")
        (tmp_path / "config.json").write_text(content.replace("HOST", registry.host))
        signer = ("--certificate-identity", "a", "--certificate-oidc-issuer", "b", "--offline")
        for verb, *options in (("digest",), ("tree",), ("verify", *signer)):
            for image in (f"{registry.host}/app:1", f"{registry.host}/app@{digest}"):
                ran = sealpin(verb, *options, image, env={"DOCKER_CONFIG": str(tmp_path)})
                is_asked = verb != "digest" or "@" not in image
                assert (ran.code, f"[{code}]" in ran.err) == ((2, True) if is_asked else (0, False))


@pytest.mark.parametrize("place", ["{other}\\@{own}", "x@{own}", "{own}\\.x"])
def test_redirect_to_an_address_that_two_parsers_read_differently_is_not_followed(
    place: str,
) -> None:
    with MemoryRegistry() as registry, MemoryRegistry() as other:
        registry.behaviour.authentication = "basic"
        registry.behaviour.users["me"] = "secret"
        registry.repository("app").put_manifest({"layers": []}, tag="1")
        location = f"http://{place.format(other=other.host, own=registry.host)}/v2/app/manifests/2"

        def redirect(asked: object, answered: Answer) -> Answer:
            is_in = answered.status == 200
            return Answer(status=307, headers={"Location": location}) if is_in else answered

        registry.faults.append(on("manifests/1$", redirect))
        me = BasicCredentials(username="me", password="secret")
        with pytest.raises(Unavailable) as raised:
            plain(credentials=me, credentials_for=frozenset({registry.host})).resolve(
                ImageReference.parse(f"{registry.host}/app:1")
            )
        assert (raised.value.code, other.asked()) == ("registry.redirect", [])


@pytest.mark.parametrize("realm", ["http://{host}/token", "ftp://x/", "https://a@b/", "//x/token"])
def test_token_service_elsewhere_in_the_clear_gets_no_password(realm: str) -> None:
    with MemoryRegistry() as registry, MemoryRegistry() as other:
        registry.repository("app")
        named = realm.format(host=other.host.replace("127.0.0.1", "127.0.0.1.nip.test"))
        challenge = Answer(status=401, headers={"WWW-Authenticate": f'Bearer realm="{named}"'})
        registry.faults.append(on("manifests", lambda asked, answered: challenge))
        me = BasicCredentials(username="me", password="secret")
        with pytest.raises(Unavailable) as raised:
            plain(credentials=me, credentials_for=frozenset({registry.host})).resolve(
                ImageReference.parse(f"{registry.host}/app:1")
            )
        assert (raised.value.code, "secret" in str(raised.value)) == ("registry.realm", False)


@pytest.mark.parametrize("lifetime_s", [10**400, -(10**400), 0], ids=["endless", "past", "none"])
def test_token_of_any_lifetime_is_used_or_asked_for_anew(lifetime_s: int) -> None:
    with MemoryRegistry(behaviour=Behaviour(authentication="bearer", users={"": ""})) as registry:
        registry.behaviour.public_paths = frozenset({"app"})
        registry.behaviour.token_lifetime_s = lifetime_s
        digest = registry.repository("app").put_manifest(IMAGE, tag="1")
        found = plain().resolve(ImageReference.parse(f"{registry.host}/app:1"))
        assert str(found.digest) == digest


@pytest.mark.parametrize("code", ["\x1b[2J", "a\r\n::error::b", "\u202eevil"])
def test_error_text_of_a_registry_cannot_write_on_a_terminal(code: str) -> None:
    with MemoryRegistry() as registry:
        registry.repository("app")
        body = json.dumps({"errors": [{"code": code}]}).encode()
        registry.faults.append(
            on("manifests", lambda asked, answered: Answer(status=403, body=body))
        )
        with pytest.raises(Unavailable) as raised:
            plain().resolve(ImageReference.parse(f"{registry.host}/app:1"))
        assert raised.value.message.isprintable()


def test_a_file_that_names_a_foreign_registry_does_not_get_the_password_sent_there() -> None:
    behaviour = Behaviour(authentication="basic", users={"me": "secret"})
    with MemoryRegistry(behaviour=behaviour) as foreign:
        foreign.repository("app")
        me = BasicCredentials(username="me", password="secret")
        ours = frozenset({"registry.example"})
        with pytest.raises(Unavailable) as raised:
            plain(credentials=me, credentials_for=ours).resolve(
                ImageReference.parse(f"{foreign.host}/app:1")
            )
        assert raised.value.code == "registry.unauthorized"
        assert foreign.asked()
        assert not any("authorization" in asked.headers for asked in foreign.asked())


@pytest.mark.parametrize("verb", ["pin", "update"])
def test_credentials_without_a_registry_are_refused_where_images_come_from_files(
    verb: str, tmp_path: Path
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".sealpin.yaml").write_text(
        'version: 1\npolicies: [{images: ["**"], unsigned: allow}]\n'
    )
    (tmp_path / "compose.yaml").write_text("services: {a: {image: evil.example/x:1}}\n")
    ran = sealpin(
        verb, "--registry-username", "me", "--registry-password", "secret", ".", cwd=tmp_path
    )
    assert ran.code == 3
    assert "credentials.for-whom" in ran.err
    assert "secret" not in ran.err + ran.out
