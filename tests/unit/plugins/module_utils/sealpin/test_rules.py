# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Every setting of a configuration file that is no policy changes what a run answers."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import trustme

from sealpin.errors import InvalidInput, Unavailable
from sealpin.policy.decision import Decision
from sealpin.policy.model import KeylessAuthority
from sealpin.reference import ImageReference
from sealpin.rules import Rules, load_rules
from sealpin.run import open_session
from sealpin.run_options import Machine, RunOptions
from sealpin.signatures.opinion import SecondOpinion
from sealpin.trust.embedded import embedded_root
from sealpin.trust.root import TrustedRoot
from sealpin.trust.root_json import parse_trusted_root
from sealpin.weakening import Weakening
from support.memory_registry import MemoryRegistry, serving
from support.tuf_repository import TufRepository
from support.vectors import vectors
from support.virtual_sigstore import VirtualSigstore

NOW = datetime.now(timezone.utc)
FREE = 'policies: [{images: ["**"], unsigned: allow}]\n'
KEYLESS = """\
policies:
  - images: ["registry.example/**"]
    keyless: {issuer: "https://issuer.example", identity: dev@example.org}
"""
IMAGE = "docker.io/library/app"


class Clock:
    """A clock that stands."""

    def __init__(self, now_utc: datetime = NOW) -> None:
        self._now_utc = now_utc

    def now_utc(self) -> datetime:
        return self._now_utc


def rules_of(
    folder: Path, text: str, *, now_utc: datetime = NOW, home: bool = True, **options: object
) -> Rules:
    config = folder / ".sealpin.yaml"
    config.write_text(f"version: 1\n{text}")
    environment = {"HOME": str(folder / "home")} if home else {}
    machine = Machine(base=folder, clock=Clock(now_utc), environment=environment)
    return load_rules(RunOptions(**options), machine, config=config)


def decide(folder: Path, text: str, image: str, **options: object) -> Decision:
    rules = rules_of(folder, text, **options)
    machine = Machine(base=folder, clock=Clock())
    with open_session(rules.options, machine, registries=rules.registries) as session:
        (decision,) = session.decide([ImageReference.parse(image)], rules.policies)
    return decision


# How registries are reached.


def with_image(registry: MemoryRegistry) -> str:
    registry.repository("app").put_manifest({"schemaVersion": 2, "layers": []}, tag="1")
    return f"{registry.host}/app:1"


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority):
    with serving(tls=authority) as registry:
        yield registry


def reason(decision: Decision) -> str:
    return next(finding.code for finding in decision.findings if finding.code != "ok")


def test_ca_file_is_whom_a_registry_is_believed_by(secure, authority, tmp_path):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    image = with_image(secure)
    found = {
        name: decide(
            tmp_path, f'{FREE}registries: {{"{secure.host}": {{ca_file: {name}}}}}\n', image
        )
        for name in ("ca.pem", "other.pem")
    }
    assert found["ca.pem"].digest is not None
    assert found["ca.pem"].weakenings == {Weakening.UNSIGNED_ALLOWED}
    assert (found["other.pem"].digest, reason(found["other.pem"])) == (None, "registry.tls")


def test_ca_file_of_one_registry_is_believed_by_no_other(secure, authority, tmp_path):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    image = with_image(secure)
    text = FREE + "registries:\n  registry.example: {ca_file: ca.pem}\n"
    # Some TLS setting of its own, so that this machine is asked by HTTPS at all.
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "own.pem"))
    decision = decide(tmp_path, f'{text}  "{secure.host}": {{ca_file: own.pem}}\n', image)
    assert reason(decision) == "registry.tls"


@pytest.mark.parametrize(
    ("content", "code"),
    [(None, "file.unreadable"), (b"no certificate", "tls.ca-file"), (b"\xff", "tls.ca-file")],
)
def test_ca_file_that_does_not_load_ends_the_run_before_a_request(content, code, tmp_path):
    if content is not None:
        (tmp_path / "ca.pem").write_bytes(content)
    with pytest.raises(InvalidInput) as caught:
        decide(tmp_path, FREE + "registries: {registry.example: {ca_file: ca.pem}}\n", IMAGE)
    assert caught.value.code == code


def test_unsafe_unverified_tls_is_for_its_registry_and_shows(secure, tmp_path):
    image = with_image(secure)
    text = f'{FREE}registries: {{"{secure.host}": {{unsafe_unverified_tls: true}}}}\n'
    decision = decide(tmp_path, text, image)
    assert decision.digest is not None
    assert Weakening.INSECURE_REGISTRY in decision.weakenings


def test_unsafe_http_is_for_its_registry_and_shows(tmp_path):
    text = FREE + "registries: {registry.example: {unsafe_http: true}}\n"
    rules = rules_of(tmp_path, text)
    named = ImageReference.parse("registry.example/app").repository
    other = ImageReference.parse("other.example/app").repository
    assert rules.registries.weakenings(named) == {Weakening.HTTP_REGISTRY}
    assert rules.registries.weakenings(other) == frozenset()


def test_unsafe_http_is_what_the_request_is_made_by(tmp_path):
    """Named, this machine's registry is asked by HTTP although TLS settings were given."""
    (tmp_path / "ca.pem").write_bytes(b"")
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with serving() as registry:
        image = with_image(registry)
        secured = decide(tmp_path, FREE, image, registry_cacert="ca.pem")
        plain = f'{FREE}registries: {{"{registry.host}": {{unsafe_http: true}}}}\n'
        named = decide(tmp_path, plain, image, registry_cacert="ca.pem")
    assert (secured.digest, reason(secured)) == (None, "registry.tls")
    assert named.digest is not None
    assert Weakening.HTTP_REGISTRY in named.weakenings


def test_a_mirror_is_reached_as_the_registry_it_is_in(secure, authority, tmp_path):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with_image(secure)
    text = (
        f'{FREE}registries:\n  registry.example: {{mirror: "{secure.host}"}}\n'
        f'  "{secure.host}": {{ca_file: ca.pem, unsafe_unverified_tls: true}}\n'
    )
    decision = decide(tmp_path, text, "registry.example/app:1")
    assert decision.digest is not None
    assert Weakening.INSECURE_REGISTRY in decision.weakenings


def test_a_folder_as_mirror_is_reached_by_no_connection(tmp_path):
    lab = vectors("lab") / "repositories"
    (tmp_path / "lab").symlink_to(lab)
    text = f'{FREE}registries: {{localhost: {{mirror: "dir:lab", unsafe_http: true}}}}\n'
    decision = decide(tmp_path, text, "localhost/plain/unsigned:1.0")
    assert decision.digest is not None
    assert decision.weakenings == {Weakening.UNSIGNED_ALLOWED}


# The root.


def trusted_root(rules: Rules) -> TrustedRoot:
    (authority,) = rules.policies.policies[0].authorities
    assert isinstance(authority, KeylessAuthority)
    return authority.trust.root


@pytest.mark.parametrize(
    ("refresh_after", "is_refreshed"), [("2h", True), ("4h", False)], ids=["due", "fresh"]
)
def test_refresh_after_is_when_the_root_is_refreshed(refresh_after, is_refreshed, tmp_path):
    newer = VirtualSigstore().trusted_root_json()
    repository = TufRepository(VirtualSigstore().trusted_root_json())
    with repository.served():
        (tmp_path / "root.json").write_bytes(repository.bootstrap_root)
        options = {"tuf_mirror": repository.url, "tuf_root_json": "root.json"}
        text = f"{KEYLESS}trust: {{refresh_after: {refresh_after}}}\n"
        before = trusted_root(rules_of(tmp_path, text, **options))
        repository.publish(newer)
        later = NOW + timedelta(hours=3)
        after = trusted_root(rules_of(tmp_path, text, now_utc=later, **options))
    assert (after == parse_trusted_root(newer)) is is_refreshed
    assert (after != before) is is_refreshed


@pytest.mark.parametrize("home", [True, False], ids=["with a cache", "without a place for one"])
def test_max_age_makes_an_older_root_inconclusive(home, tmp_path):
    text = KEYLESS + "trust: {max_age: 1m}\n"
    with pytest.raises(Unavailable) as caught:
        rules_of(tmp_path, text, home=home, offline=True)
    assert caught.value.code == "trust.too-old"
    young = rules_of(tmp_path, KEYLESS + "trust: {max_age: 90000d}\n", home=home, offline=True)
    assert trusted_root(young) == embedded_root()


def test_max_age_asks_nothing_of_a_run_without_a_root(tmp_path):
    assert rules_of(tmp_path, FREE + "trust: {max_age: 1m}\n", offline=True).policies.policies


def test_trusted_root_is_the_one_that_is_believed(tmp_path):
    document = VirtualSigstore().trusted_root_json()
    (tmp_path / "root.json").write_bytes(document)
    rules = rules_of(tmp_path, KEYLESS + "trust: {trusted_root: root.json}\n", offline=True)
    assert trusted_root(rules) == parse_trusted_root(document)


# The second engine.


@pytest.mark.parametrize(
    ("in_file", "option", "used"),
    [
        ("require", "auto", "require"),
        ("off", "auto", "off"),
        ("off", "require", "require"),
        ("auto", "off", "off"),
    ],
)
def test_second_opinion_is_the_files_where_the_options_do_not_say(in_file, option, used, tmp_path):
    rules = rules_of(
        tmp_path, f"{FREE}second_opinion: {in_file}\n", second_opinion=SecondOpinion(option)
    )
    assert rules.options.second_opinion is SecondOpinion(used)


@pytest.mark.parametrize(
    ("signer", "code"),
    [
        ({}, "identity.missing"),
        ({"certificate_identity": "dev@example.org"}, "identity.missing"),
        ({"publisher": "kuberntes"}, "publisher.unknown"),
    ],
    ids=["nobody", "no issuer", "mistyped publisher"],
)
def test_who_must_have_signed_is_clear_before_a_root_is_read(
    signer: dict[str, str], code: str, tmp_path: Path
) -> None:
    """The default root may be refreshed over the network; here there is none at all."""
    machine = Machine(base=tmp_path, clock=Clock(), environment={})
    with pytest.raises(InvalidInput) as caught:
        load_rules(RunOptions(**signer, trusted_root="absent.json"), machine)
    assert caught.value.code == code
