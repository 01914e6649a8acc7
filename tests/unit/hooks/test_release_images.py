# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from functools import partial

import pytest
from sealpin_hooks.cli import main

from support.vectors import vectors

pytest.importorskip("spdx_tools")

SBOM = vectors("lab") / "kubernetes-v1.24.0-release.spdx"
FIRST = "kube-apiserver-amd64:v1.24.0"
DIGEST = "sha256:993f15ae14ac13d0b1950975902960cf41de79a106e49d7c154eceda0328bdf9"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serve the lab's files without a word."""

    def log_message(self, *message: object) -> None:
        del message


@pytest.fixture
def server() -> Iterator[str]:
    handler = partial(Quiet, directory=str(SBOM.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_address[1]}"
        httpd.shutdown()
        thread.join()


def test_prints_one_reference_a_line_and_says_what_moved(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["release-images", str(SBOM)]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == f"registry.k8s.io/{FIRST}"
    assert len(out.splitlines()) == 12
    assert err == (
        "sealpin: note: k8s.gcr.io moved to registry.k8s.io:"
        " 12 of the listed images are read from there\n"
    )


def test_prints_listed_digests_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["release-images", "--digests", str(SBOM)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == f"registry.k8s.io/{FIRST}@{DIGEST}"


def test_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["release-images", "--format=json", str(SBOM)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["images"][0] == {
        "image": f"registry.k8s.io/{FIRST}",
        "listed_as": f"k8s.gcr.io/{FIRST}",
        "moved": True,
        "digest": DIGEST,
    }


@pytest.mark.parametrize(
    ("flag", "first", "note"),
    [
        ("--moved-registry=", f"k8s.gcr.io/{FIRST}", ""),
        ("--moved-registry=k8s.gcr.io=m.example", f"m.example/{FIRST}", "moved to m.example:"),
        ("--moved-registry=k8s.gcr.io=m.example/k", f"m.example/k/{FIRST}", "to m.example/k:"),
    ],
)
def test_replaces_only_the_registries_it_is_told_of(
    flag: str, first: str, note: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["release-images", flag, str(SBOM)]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == first
    assert (note in err, bool(err)) == (True, bool(note))


def test_fetches_an_sbom_by_its_address(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["release-images", f"{server}/{SBOM.name}"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 12


def test_cannot_check_what_the_server_does_not_have(
    server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["release-images", f"{server}/none.spdx"]) == 2
    assert "to answer 200, got 404" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["http://sbom.example/release"], "expected an https:// address"),
        (["https://user:secret@sbom.example/release"], "without user and password"),
        (["https:///release"], "expected an https:// address"),
        (["no-such-file.spdx"], "no such file"),
        ([str(SBOM), "--moved-registry=k8s.gcr.io"], "expected OLD=NEW"),
        ([], "SBOM"),
    ],
    ids=str,
)
def test_refuses_bad_input_and_says_why(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["release-images", *argv]) == 3
    err = capsys.readouterr().err
    assert message in err
    assert "secret" not in err
