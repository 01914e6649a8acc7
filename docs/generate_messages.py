# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Print docs/messages.md: ``python docs/generate_messages.py > docs/messages.md``."""

from __future__ import annotations

from sealpin.manifests.messages import MESSAGES, Message, Severity

HEAD = """\
# Messages

Every message ends in a code, such as `[tlog.threshold]`. A code keeps its meaning from release to
release. Codes without a dot are about a place in a file and are listed below. For the others, the
part before the dot says what they are about: [all other codes](#all-other-codes).

Every reference that `pin` and `check` find is in the report, either pinned or with one of these
messages. `--format json` and SARIF have the code too, followed by the place
(`pull-policy:$.spec.containers[0].image`).

An **error** fails the run. A **warning** fails it only with `--strict`. A **note** never does.

This page is generated from `plugins/module_utils/sealpin/manifests/messages.py`.
"""
AREAS = (
    ("a piece of evidence did not pass a check; the image is refused unless another passes",
     "[verification](verification.md#the-procedure)",
     ("bundle certificate chain checkpoint dsse legacy merkle sct second-opinion signature signer"
      " statement subject time timestamp tlog")),
    ("the evidence is genuine, and not what the policy wants",
     "[policy](policy.md#how-a-decision-is-made)",
     "annotation attestation condition cue identity rego static"),
    ("a policy file, or the program that evaluates a condition",
     "[policy](policy.md#conditions)",
     "custom-path engine files glob lint pattern policy publisher resource"),
    ("a check that was given up by name",
     "[what weakens a policy](policy.md#what-weakens-a-policy)", "insecure"),
    ("the registry, or what it answered",
     "[registries](how-to/registries.md#when-a-registry-does-not-answer)",
     "credentials digest download index layout manifest mirror platform registry tls"),
    ("the trusted root and keys", "[trust](how-to/trust.md)", "key kms log-lookup trust tuf"),
    ("saved evidence", "[evidence](how-to/evidence.md)", "evidence"),
    ("how the image was built", "[provenance](how-to/provenance.md#when-it-says-no)",
     "gcb slsa vsa"),
    ("the images that an SBOM lists", "[releases](how-to/kubernetes-releases.md)", "sbom"),
    ("pins, the lock, and updates", "[the lock](how-to/pin.md#the-lock)",
     "lock pin rewrite update"),
    ("a git revision", "[check in CI](how-to/check-in-ci.md)", "git"),
    ("the command line, the name of an image, a file or a library: the message says all",
     "[the command](reference/command.md)",
     "base64 dependency der file hash init json path reference usage yaml"),
    ("a bug in Sealpin: please report it", "[contributing](../CONTRIBUTING.md)", "defect"),
)  # fmt: skip
"""What codes are about, where to read on, and what they begin with."""
TITLES = {Severity.ERROR: "Errors", Severity.WARNING: "Warnings", Severity.NOTE: "Notes"}


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for severity, title in TITLES.items():
        rows = sorted((row for row in MESSAGES.values() if row.severity is severity), key=_code)
        parts.append(f"\n## {title}\n\n| code | meaning | what to do |\n|---|---|---|\n")
        parts += [f"| `{row.code}` | {row.text} | {row.hint or 'nothing'} |\n" for row in rows]
    parts.append(
        "\n## All other codes\n\n| the code begins with | it is about | read |\n|---|---|---|\n"
    )
    for about, link, words in AREAS:
        begins = ", ".join(f"`{word}`" for word in words.split())
        parts.append(f"| {begins} | {about} | {link} |\n")
    return "".join(parts)


def _code(row: Message) -> str:
    return row.code


if __name__ == "__main__":
    print(page(), end="")
