# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What the tasks of the collection do with a list of images, wherever they run.

A task is prepared from its options (`Work`), asked for images, and concluded. A module does all
three on its host; an action plugin and a lookup do them on the controller and ask through
`plugin_utils.once`, so that a run asks for each image once. Neither adds anything to the result: it
always has ``images``, in the order asked for, and ``by_image``, and ``failed`` is set unless every
image ended well, so a refusal stops the play and loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ._sessions import (
    Params,
    open_registry,
    open_session,
    platform_of,
    read_rules,
    registry_weakenings,
    run_options,
)
from .sealpin.api import Session
from .sealpin.descriptor import Platform, ResolvedArtifact
from .sealpin.errors import InvalidInput, SealpinError
from .sealpin.policy.decision import Decision, Outcome
from .sealpin.policy.fingerprint import trust_digest
from .sealpin.reference import ImageReference
from .sealpin.registry.platforms import choose_platform
from .sealpin.report.document import decision_to_dict
from .sealpin.weakening import Weakening

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

Result = dict[str, Any]
"""What a task returns to Ansible."""
Entry = dict[str, Any]
"""One image of a result: `report.document.decision_to_dict`, and what a task adds."""
Ask = Callable[[Sequence[str]], Mapping[str, Entry]]
"""Entries for images, by image as it was given."""


@dataclass(frozen=True)
class Work:
    """A task whose options are read and whose files are loaded."""

    answer: Callable[[Sequence[ImageReference]], Iterable[Entry]]
    """Opens a session and makes the entries for references, in any order."""
    refuse: Callable[[str, SealpinError], Entry]
    """Makes the entry, with the fields all entries of the task have, for what is no reference."""
    depends_on: str = ""
    """Digest of what the options only name: the policy with its keys and roots."""


_GOOD = frozenset({"allowed", "resolved"})
_WHERE_PATHS_ARE = (
    "paths are those of the machine that verifies: the host, or the controller with"
    " verify_on: controller"
)
_HINTS = {"file.missing": _WHERE_PATHS_ARE, "file.unreadable": _WHERE_PATHS_ARE}
"""What to do, where the core has no advice and a task has."""

Prepare = Callable[[Params], Work]
Through = Callable[[Work, Sequence[str], Ask], Mapping[str, Entry]]
"""Asks, or finds that somebody asked already."""


def run(module: AnsibleModule, prepare: Prepare) -> None:
    """Do a module's task and leave with its result."""
    result = attempt(prepare, module.params)
    if result["failed"]:
        module.fail_json(**result)
    module.exit_json(**result)


def attempt(prepare: Prepare, params: Params, *, through: Through | None = None) -> Result:
    """Do a task; an error that concerns no single image is a failed result with its code."""
    images = params["images"]
    try:
        if not images:
            raise InvalidInput(
                "task.no-images",
                "the list of images is empty, so nothing would be checked",
                hint="skip the task with a condition where an empty list is right",
            )
        work = prepare(params)
        ask = partial(ask_for, work)
        entries = through(work, images, ask) if through else ask(images)
    except SealpinError as error:
        return error_result(error)
    return conclude([entries[image] for image in images])


def ask_for(work: Work, images: Sequence[str]) -> dict[str, Entry]:
    """Return an entry for each of *images*; one that is no reference has its error for an entry."""
    entries: dict[str, Entry] = {}
    references = []
    for image in dict.fromkeys(images):
        try:
            references.append(ImageReference.parse(image))
        except InvalidInput as error:
            entries[image] = work.refuse(image, error)
    if references:
        entries.update((entry["image"], entry) for entry in work.answer(references))
    return entries


def verify_images(params: Params) -> Work:
    """Decide on each image by the task's policy."""
    rules = read_rules(params)
    platform = platform_of(params)
    weakenings = registry_weakenings(params)

    def answer(references: Sequence[ImageReference]) -> Iterable[Entry]:
        with open_session(params, rules) as session:
            decisions = session.decide(
                references,
                rules.policies,
                for_platform=frozenset(references if platform is not None else ()),
            )
        return [decided_entry(decision, weakenings, platform) for decision in decisions]

    return Work(answer=answer, refuse=error_entry, depends_on=trust_digest(rules.policies))


def resolve_images(params: Params) -> Work:
    """Resolve each image to its digest; nothing is verified, and the entries say so."""
    platform = platform_of(params)
    options = run_options(params)

    def answer(references: Sequence[ImageReference]) -> Iterable[Entry]:
        with open_registry(options) as session:
            answers = session.resolve(references, platform=platform)
            if params["platforms"]:
                answers = tuple(_with_platforms(session, answer) for answer in answers)
        for reference, resolved in zip(references, answers, strict=True):
            if isinstance(resolved, SealpinError):
                yield unresolved_entry(reference.text, resolved)
            else:
                yield resolved_entry(replace(resolved, reference=reference))

    return Work(answer=answer, refuse=unresolved_entry)


def _with_platforms(
    session: Session, resolved: ResolvedArtifact | SealpinError
) -> ResolvedArtifact | SealpinError:
    if isinstance(resolved, SealpinError):
        return resolved
    try:
        return session.platforms(resolved)
    except SealpinError as error:
        return error


def decided_entry(
    decision: Decision, weakenings: frozenset[Weakening], platform: Platform | None
) -> Entry:
    """Make the entry of an image that was decided on; only an allowed one can be deployed by it.

    *weakenings* are those of the way to the registry, which no decision knows of. With *platform*,
    what is deployed is that child of the verified index, which contains it by digest.
    """
    entry = decision_to_dict(decision)
    entry["weakenings"] = sorted({*entry["weakenings"], *(w.value for w in weakenings)})
    entry["index_digest"] = ""
    if decision.outcome is not Outcome.ALLOWED or decision.artifact is None:
        entry.update(pinned="", pinned_tagged="")
    elif platform is not None and decision.artifact.children:
        try:
            child = choose_platform(decision.artifact, platform).digest
        except SealpinError as error:
            return error_entry(decision.reference.text, error)
        entry.update(
            index_digest=entry["digest"],
            digest=str(child),
            pinned=decision.reference.pinned(child),
            pinned_tagged=decision.reference.pinned_tagged(child),
        )
    return entry


def resolved_entry(artifact: ResolvedArtifact) -> Entry:
    """Make the entry of an image that was resolved and not verified."""
    reference, digest = artifact.reference, artifact.digest
    return {
        "image": reference.text,
        "name": reference.normalised,
        "outcome": "resolved",
        "code": "",
        "message": "",
        "hint": "",
        "digest": str(digest),
        "pinned": reference.pinned(digest),
        "pinned_tagged": reference.pinned_tagged(digest),
        "media_type": artifact.media_type,
        "platforms": {str(child.platform): str(child.digest) for child in artifact.children},
        "source": artifact.source,
    }


def unresolved_entry(image: str, error: SealpinError) -> Entry:
    """Make the entry of an image that could not be resolved: the fields of `resolved_entry`."""
    return {**_without_digest(image, error), "media_type": ""}


def conclude(entries: Sequence[Entry]) -> Result:
    """Make the result of a task from its images' entries."""
    failures = [entry for entry in entries if entry["outcome"] not in _GOOD]
    result: Result = {
        "changed": False,
        "failed": bool(failures),
        "images": list(entries),
        "by_image": {entry["image"]: entry for entry in entries},
    }
    if failures:
        result["msg"] = f"{len(failures)} of {len(entries)} images failed: " + "; ".join(
            map(reason, failures)
        )
        result.update(code=failures[0]["code"], hint=failures[0]["hint"])
    return result


def error_result(error: SealpinError) -> Result:
    """Make the result of a task that could not begin."""
    return {
        "changed": False,
        "failed": True,
        "msg": str(error),
        "code": error.code,
        "hint": error.hint or _HINTS.get(error.code, ""),
        "images": [],
        "by_image": {},
    }


def error_entry(image: str, error: SealpinError) -> Entry:
    """Make the entry of an image about which no decision could be made."""
    return {
        **_without_digest(image, error),
        "index_digest": "",
        "unsigned": False,
        "policies": [],
        "weakenings": [],
        "statements": [],
        "findings": [],
    }


def _without_digest(image: str, error: SealpinError) -> Entry:
    """Make what every entry has, for an image that *error* left without a digest."""
    return {
        "image": image,
        "name": _full_name(image),
        "outcome": "inconclusive",
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "digest": "",
        "pinned": "",
        "pinned_tagged": "",
        "source": "",
        "platforms": {},
    }


def _full_name(image: str) -> str:
    """Return *image* with its defaults written out; nothing for what is no reference."""
    try:
        return ImageReference.parse(image).normalised
    except InvalidInput:
        return ""


def reason(entry: Entry) -> str:
    """Say in one line why an image did not end well."""
    verb = "refused" if entry["outcome"] == "denied" else "could not be checked"
    return f"{entry['image']} {verb}: {entry['message']} [{entry['code']}]"
