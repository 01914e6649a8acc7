# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""From a task's options to the session and the policy of the core.

Both places of work use this: a module on its host, and an action plugin or lookup on the
controller. Of the environment only what a container engine would read counts too: proxies,
credential files and credential helpers.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from .sealpin.api import Session
from .sealpin.clock import SystemClock
from .sealpin.descriptor import Platform
from .sealpin.evidence_session import EvidenceSession
from .sealpin.policy.model import AttestationRule
from .sealpin.reaching import NO_REGISTRIES, ConfiguredRegistries
from .sealpin.reference import Repository
from .sealpin.rules import Rules, load_rules
from .sealpin.run import open_session as open_core_session
from .sealpin.run_options import Machine, RunOptions
from .sealpin.signatures.opinion import SecondOpinion
from .sealpin.weakening import Weakening

Params = Mapping[str, Any]
"""Options by name, as the table in `_options` has them; None where they were not given."""

_EVIDENCE_WEAKENINGS = {
    "insecure_ignore_tlog": Weakening.IGNORE_TLOG,
    "insecure_ignore_sct": Weakening.IGNORE_SCT,
}
_REGISTRY_WEAKENINGS = {
    "allow_insecure_registry": Weakening.INSECURE_REGISTRY,
    "allow_http_registry": Weakening.HTTP_REGISTRY,
}


def run_options(params: Params) -> RunOptions:
    """Return the core's options; what the task has no option for keeps its default."""
    names = {field.name for field in fields(RunOptions)}
    given = {name: value for name, value in params.items() if name in names and value is not None}
    given.update(
        mirrors=tuple(f"{prefix}={to}" for prefix, to in (params.get("mirrors") or {}).items()),
        annotations=tuple((k, str(v)) for k, v in (params.get("annotations") or {}).items()),
        policy=tuple(params.get("policy") or ()),
        timeout_s=float(params["timeout"]),
        weakenings=_given(params, _EVIDENCE_WEAKENINGS),
        require_timestamp=bool(params.get("use_signed_timestamps")),
        credentials_for=_credential_registry(params),
    )
    if "second_opinion" in given:
        given["second_opinion"] = SecondOpinion(given["second_opinion"])
    return RunOptions(**given)


def _credential_registry(params: Params) -> tuple[str, ...]:
    """Return the registry that explicit credentials are for, which only the task itself may name.

    Images are data in a play: of a running host, say, which must not choose who sees a password.
    """
    host = params.get("registry_host")
    return (Repository.parse(f"{host}/any").registry,) if host else ()


def machine() -> Machine:
    """Return this machine, as a task may use it."""
    return Machine(base=Path.cwd(), clock=SystemClock(), environment=os.environ)


def read_rules(params: Params, *, attestations: tuple[AttestationRule, ...] = ()) -> Rules:
    """Return the policy of the task: its files, or one made from its identity options.

    *attestations* are demanded by the task itself, in place of an image signature.
    """
    return load_rules(run_options(params), machine(), attestations=attestations)


def open_session(params: Params, rules: Rules) -> Session | EvidenceSession:
    """Return the session of a task that decides; use it as a context manager."""
    if not params.get("evidence"):
        return open_registry(rules.options, registries=rules.registries)
    return EvidenceSession(
        Path(params["evidence"]),
        clock=SystemClock(),
        second_opinion=rules.options.second_opinion,
    )


def open_registry(
    options: RunOptions, *, registries: ConfiguredRegistries = NO_REGISTRIES
) -> Session:
    """Return a session that reads registries, layouts and mirrors."""
    return open_core_session(options, machine(), registries=registries)


def registry_weakenings(params: Params) -> frozenset[Weakening]:
    """Return what the task gives up between here and the registry."""
    return _given(params, _REGISTRY_WEAKENINGS)


def platform_of(params: Params) -> Platform | None:
    """Return the platform the task asks for."""
    return Platform.parse(params["platform"]) if params.get("platform") else None


def _given(params: Params, weakenings: Mapping[str, Weakening]) -> frozenset[Weakening]:
    return frozenset(value for name, value in weakenings.items() if params.get(name))
