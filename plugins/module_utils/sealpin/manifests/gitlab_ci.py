# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images in GitLab's pipelines.

Source: https://docs.gitlab.com/ci/yaml/.
"""

from __future__ import annotations

import re

from ..reference import DEFAULT_TAG
from ..yamlnodes import Document, Mapping, Node, Scalar, Sequence, numbered
from ..yamlschema import Path
from .ci_fields import NEVER_PULLED, items, read_string_or_field
from .image_text import parse_reference, unless_pinned
from .survey import Survey

_NO_JOBS = frozenset({"variables", "workflow", "include", "stages", "cache", "spec"})
_STEP_TRANSPORT = re.compile(r"oci:(?://)?")


def find_gitlab_ci(document: Document, survey: Survey) -> None:
    """``image`` and ``services`` at the top, under ``default`` and in every job."""
    root = document.root
    if root is None:
        return
    _read_job(root, (), survey)
    for name, job in survey.entries(root):
        if isinstance(job, Mapping) and name.value not in (*_NO_JOBS, "image"):
            _read_job(job, (name.value,), survey)


def _read_job(job: Node, path: Path, survey: Survey) -> None:
    image = survey.get(job, "image")
    veto = _veto(image, survey)
    read_string_or_field(job, "image", "name", path, survey, veto=veto)
    services = survey.get(job, "services")
    for index, service in numbered(services):
        below = (*path, "services")
        if isinstance(service, Mapping):
            veto = _veto(service, survey)
            survey.image(service, "name", (*below, index), veto=veto)
        elif services is not None:
            survey.image(services, index, below)
    _read_steps(job, path, survey)


def _read_steps(job: Node, path: Path, survey: Survey) -> None:
    """Steps may come from a registry (https://docs.gitlab.com/ci/steps/): artifacts by a tag."""
    for step, below in items(survey.get(job, "run"), (*path, "run")):
        for key, value in survey.entries(step):
            where = (*below, key.value)
            if key.value not in ("step", "func"):
                continue
            if isinstance(value, Scalar):
                _remark_step(_STEP_TRANSPORT.sub("", value.value), value, where, survey)
            oci = survey.get(value, "oci")
            if oci is not None:
                names = [survey.text(oci, name) for name in ("registry", "repository")]
                text = "/".join(filter(None, names)) + f":{survey.text(oci, 'tag') or DEFAULT_TAG}"
                _remark_step(text, oci, (*where, "oci"), survey)


def _remark_step(text: str, node: Node, path: Path, survey: Survey) -> None:
    """Remark a step that is an artifact; one of git has a revision behind ``@`` and no tag."""
    image = text.partition("/-/")[0].partition(" ")[0]
    reference = parse_reference(image)
    if reference is not None and (reference.tag or reference.digest):
        code = unless_pinned("pipeline-step", reference)
        survey.remark_text(code, path, node.start, node.end, detail=image)


def _veto(image: Node | None, survey: Survey) -> str:
    policy = survey.get(image, "pull_policy")
    names = policy.items if isinstance(policy, Sequence) else (policy,)
    never = names and all(isinstance(n, Scalar) and n.value == NEVER_PULLED for n in names)
    return "pull-policy" if never else ""
