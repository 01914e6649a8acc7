# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The peer's own documents: what its webhook accepts and refuses, we do, in its words."""

from __future__ import annotations

import base64
import json
import textwrap
from datetime import datetime, timezone
from functools import partial

import pytest

from sealpin.policy.document import parse_policy_files
from sealpin.policy.fields import DocumentInvalid
from sealpin.policy.sources import Sources
from sealpin.run_options import Machine, RunOptions
from sealpin.trust.embedded import embedded_root
from sealpin.trust.root import TrustedRoot
from sealpin.trust.root_json import parse_trusted_root
from sealpin.trust.root_pems import root_from_pems
from sealpin.trusting import read_tuf_root
from support.tuf_repository import TufRepository, tar_gz
from support.vectors import vectors
from support.virtual_sigstore import KeyPair, VirtualSigstore

FOLDER = vectors("policy")
CASES = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))["cases"]
TEMPLATES = ("TUF_MIRROR", "ROOT_JSON", "REPOSITORY", "FULCIO_CERT_CHAIN", "TSA_CERT_CHAIN")
"""Words that the peer's end-to-end scripts replace before they apply the document."""
SOURCES = Sources(default_root=embedded_root)


def _is_template(case):
    return any(word in (FOLDER / case["path"]).read_text(encoding="utf-8") for word in TEMPLATES)


def _load(path):
    return parse_policy_files({path: (FOLDER / path).read_bytes()}, sources=SOURCES)


# One of the documents names its country "USA", which cryptography warns about.
@pytest.mark.filterwarnings("ignore:Attribute's length must be")
@pytest.mark.parametrize(
    "case",
    [c for c in CASES if c["expected"] == "valid" and not _is_template(c)],
    ids=lambda case: case["path"],
)
def test_reads_what_the_peer_accepts(case):
    loaded = _load(case["path"])
    assert len(loaded.policies) == (0 if case["kind"] == "TrustRoot" else case["documents"])


@pytest.mark.parametrize(
    "case", [c for c in CASES if c["expected"] == "invalid"], ids=lambda case: case["path"]
)
def test_refuses_what_the_peer_refuses_in_its_words(case):
    with pytest.raises(DocumentInvalid) as caught:
        _load(case["path"])
    for wanted in case.get("expectedErrorSubstrings", ()):
        assert wanted in caught.value.message
    for problem in caught.value.problems:
        assert problem.line > 1


# Templates: with their words replaced, as the peer's end-to-end scripts do it.

POLICY = """
---
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata: {name: probe}
spec:
  images: [{glob: "**"}]
  authorities:
    - keyless:
        identities: [{issuer: "https://issuer.example", subject: dev@example.org}]
        trustRootRef: ROOT
      ctlog: {trustRootRef: ROOT}
"""


class Clock:
    def now_utc(self) -> datetime:
        return datetime.now(timezone.utc)


def _filled(name: str, root: str, words: dict[str, bytes]) -> bytes:
    """Fill a template, base64 where the peer's script has it, and refer to its root."""
    text = (FOLDER / "test/testdata/trustroot/e2e" / name).read_text(encoding="utf-8")
    for word, value in words.items():
        assert word in text
        is_url = word.endswith(("URL", "MIRROR"))
        text = text.replace(word, (value if is_url else base64.b64encode(value)).decode())
    return (text + textwrap.dedent(POLICY).replace("ROOT", root)).encode()


def _root_of(document: bytes, tmp_path) -> TrustedRoot:
    machine = Machine(base=tmp_path, clock=Clock(), environment={"HOME": str(tmp_path)})
    read = partial(read_tuf_root, RunOptions(), machine)
    sources = Sources(default_root=lambda: pytest.fail("its own root"), tuf_root=read)
    loaded = parse_policy_files({"root.yaml": document}, sources=sources)
    return loaded.policies[0].authorities[0].trust.root


@pytest.fixture
def published():
    with TufRepository(VirtualSigstore().trusted_root_json()).served() as repository:
        yield repository


def _published_root(repository: TufRepository) -> TrustedRoot:
    targets = [c for path, c in repository.files.items() if path.startswith("targets/")]
    return parse_trusted_root(targets[0])


def test_a_remote_repository_is_the_root_that_is_referred_to(published, tmp_path):
    words = {"TUF_MIRROR": published.url.encode(), "ROOT_JSON": published.bootstrap_root}
    root = _root_of(_filled("with-remote.yaml", "my-remote", words), tmp_path)
    assert root == _published_root(published)
    assert "timestamp.json" in published.requests


def test_a_serialized_repository_is_read_without_a_network(published, tmp_path):
    files = {f"repository/{path}": content for path, content in published.files.items()}
    words = {"ROOT_JSON": published.bootstrap_root, "REPOSITORY": tar_gz(files)}
    document = _filled("with-repository.yaml", "my-repository-serialized", words)
    assert _root_of(document, tmp_path) == _published_root(published)
    assert published.requests == []


def test_keys_brought_along_are_all_that_is_believed(sigstore, tmp_path):
    words = {
        "FULCIO_CERT_CHAIN": sigstore.certificate_authorities[0].chain_pem,
        "REKOR_PUBLIC_KEY": (rekor := KeyPair()).public_pem,
        "CTFE_PUBLIC_KEY": (ctfe := KeyPair()).public_pem,
    }
    root = _root_of(_filled("bring-your-own-keys.yaml", "my-sigstore-keys", words), tmp_path)
    wanted = root_from_pems(rekor_keys=(rekor.public_pem,), ct_keys=(ctfe.public_pem,))
    for name in ("transparency_logs", "ct_logs"):
        (got,), (want,) = getattr(root, name), getattr(wanted, name)
        assert got.key == want.key
    assert [len(root.certificate_authorities), len(root.timestamp_authorities)] == [1, 1]


def test_a_timestamp_authority_alone_is_a_root(sigstore, tmp_path):
    chain = sigstore.timestamp_authorities[0].chain_pem
    words = {"TSA_URL": b"https://tsa.example", "TSA_CERT_CHAIN": chain}
    root = _root_of(_filled("with-tsa.yaml", "my-sigstore-keys", words), tmp_path)
    (authority,) = root.timestamp_authorities
    assert authority.name == "https://tsa.example"
    assert (root.certificate_authorities, root.transparency_logs) == ((), ())
