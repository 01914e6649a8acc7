# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Every message of pin and check about files: its stable code, severity, meaning and next step.

docs/messages.md is generated from this table. A warning becomes an error with ``--strict``; a note
never changes the outcome.
"""

from __future__ import annotations

from enum import Enum

from ..records import dataclass


class Severity(Enum):
    """How much a message matters."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Message:
    """One row of the table."""

    code: str
    severity: Severity
    text: str
    """What it means, without a capital and without a full stop."""
    hint: str = ""
    """What to do next; empty where there is nothing to do."""
    is_about_lock: bool = False
    """Whether it comes from comparing files with the lock, not from a file."""


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE

_ROWS = (
    # References that need nothing.
    Message("already-pinned", _N, "a digest is written there"),
    Message("digest-without-tag", _N, "pinned, but without a tag that an update could follow",
            "write name:tag@digest if it should be updated"),
    Message("ignored", _N, "a comment says to leave it alone"),
    Message("stage", _N, "a stage of this Dockerfile, not an image"),
    Message("scratch", _N, "the empty base, not an image"),
    Message("built-locally", _N, "built by this project, so no registry is asked for it"),
    Message("quadlet-unit", _N, "a Quadlet unit, not an image"),
    Message("build-context", _N, "an additional build context of that name, not an image"),
    # References that may move and are left alone.
    Message("template", _W, "a template expression; only its author knows the image",
            "pin the literal it is filled from"),
    Message("variable", _W, "a variable; its value is decided elsewhere",
            "pin the value where it is set; a Dockerfile's own default: set files.arg_defaults"),
    Message("molecule-builds", _W, "an image of that name is built by Molecule; it takes no digest",
            "set pre_build_image: true, or pin the FROM of its Dockerfile"),
    Message("candidate", _W, "looks like an image, in a field this program does not know",
            "name the field in custom_paths, or mark the line with: # sealpin: image"),
    Message("not-a-reference", _W, "not an image reference", "correct it, or ignore the line"),
    Message("not-a-string", _W, "not a string, so its readers disagree about it",
            "put it in quotes"),
    Message("not-splicable", _W, "written with escapes or over several lines",
            "write the reference plainly on one line"),
    Message("tagged", _W, "carries a YAML tag, so the value is not what is written",
            "pin the value where it comes from"),
    Message("duplicate-key", _W,
            "a mapping has a key twice and is left alone, with everything below it",
            "remove one of the two"),
    Message("shared-value", _W, "the same anchored value is also used as something else",
            "write the image out, without the alias"),
    Message("pull-policy", _W, "never pulled from a registry, so a digest would not be found",
            "change the pull policy, or ignore the line"),
    Message("built-and-pulled", _W, "built by this project, and yet pulled where a registry has it",
            "set pull_policy: build, or remove build and pin the image"),
    Message("managed", _W, "an image automation rewrites this value",
            "let that tool write the digest"),
    Message("auto-update", _W, "podman auto-update follows the tag and fails on a digest",
            "remove AutoUpdate=registry to pin it"),
    Message("extends-other-file", _W, "extends a service of another file, which may build it",
            "ignore the line, or do not extend across files"),
    Message("separate-tag", _W, "name and tag are two options", "write them as one: name:tag"),
    Message("build-cache", _W, "a build takes layers from this cache, whose tag is meant to move",
            "use a cache that only this build can write, and ignore the line"),
    Message("feature", _W, "a feature of a dev container by its tag",
            "commit devcontainer-lock.json, or write NAME@sha256:…"),
    Message("artifact", _W, "an artifact by its tag; podman takes no digest beside one",
            "write NAME@sha256:…"),
    Message("pipeline-step", _W, "a step that GitLab fetches from a registry by its tag",
            "take the step from git by a commit, or ignore the line"),
    Message("ambiguous-marker", _W, "the marked line names no image, or more than one",
            "keep one reference on the line"),
    # Kustomize and Helm.
    Message("no-newTag", _W, "the tag comes from the base", "add newTag here, or pin the base"),
    Message("helm-no-digest-key", _W, "the chart's values have no digest key here",
            'add digest: "" if the chart reads it, or use helm_tag_digest'),
    Message("empty-tag", _W, "the tag falls back to the chart's appVersion", "write the tag"),
    Message("global-registry", _W, "global.imageRegistry replaces the registry written here",
            "leave global.imageRegistry empty, or pin in the file that sets it"),
    Message("tag-suffix", _W, "tagSuffix makes another tag of the base's, and drops a digest there",
            "write newTag with the digest instead"),
    Message("replacement", _W, "a replacement writes an image here that stands somewhere else",
            "pin the value where it comes from, or ignore the line"),
    Message("patch-text", _W, "a text that patches an object's image, and is never edited",
            "move it to a file of its own, or override the image under images"),
    Message("object-text", _W, "a text that holds an object with an image, and is never edited",
            "write it as an object or in a file of its own, or ignore the text"),
    # Flux and Argo CD.
    Message("no-digest-field", _W, "an OCI artifact by its tag, without a digest field beside it",
            'write digest: "" beside the tag, then run: sealpin pin'),
    Message("no-tag-field", _W, "an OCI artifact by a range of versions, or by none at all",
            'write its version as tag and digest: "" in ref, then run: sealpin pin'),
    Message("values-text", _W, "a text that holds Helm values, and is never edited",
            "move them to valuesObject, or to a values file"),
    Message("short-override", _W, "without NAME= before it, Kustomize takes no tag and digest",
            "write it as NAME=IMAGE:TAG"),
    # Files.
    Message("unparseable", _W, "it does not parse and is left alone as a whole",
            "correct the syntax"),
    Message("unparseable-template", _W,
            "a template that is not YAML before it is filled in, left alone as a whole",
            "pin the chart's values, or mark literal lines with: # sealpin: image"),
    Message("too-deep", _W, "nested too deeply to read; everything below is left alone",
            "write the document out"),
    Message("not-utf8", _W, "not UTF-8 text, so the file is left alone",
            "convert the file to UTF-8"),
    Message("binary", _W, "not a text file, so it is left alone"),
    Message("missing-library", _E, "the library that reads this kind of file is absent",
            "install sealpin with its dependencies"),
    # Check against the lock.
    Message("unpinned", _E, "no digest is written there", "run: sealpin pin", is_about_lock=True),
    Message("not-in-lock", _E, "pinned, but the lock does not know it", "run: sealpin pin",
            is_about_lock=True),
    Message("differs-from-lock", _E, "another digest than the one the lock has proof for",
            "run: sealpin pin, or restore the digest", is_about_lock=True),
    Message("stale-lock-entry", _W, "the lock has an entry that no file names", "run: sealpin pin",
            is_about_lock=True),
    Message("policy-changed", _E, "the policy is not the one it was verified under",
            "run: sealpin pin to verify again", is_about_lock=True),
    Message("trust-changed", _W, "the trusted root is not the one it was verified under",
            "run: sealpin pin to verify again", is_about_lock=True),
    Message("unsigned", _N, "pinned without proof, as the policy allows", is_about_lock=True),
)  # fmt: skip

MESSAGES = {row.code: row for row in _ROWS}

UNREAD = frozenset({"binary", "not-utf8", "unparseable", "unparseable-template"})
"""Of a file that is left alone as a whole: nobody can say which images it names."""


def message_of(code: str) -> Message:
    """The row of *code*. Raises `KeyError` for a code that is not in the table: a defect."""
    return MESSAGES[code]
