# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Who decides in a run: identity options, or policy files. Exactly one of them.

Both become one `PolicySet`; a configuration file adds how registries are reached, how old a root
may be and its second opinion. Options come first.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import InvalidInput, Unavailable, quote
from .inputs import PoliciesOnDisk, PolicyStore
from .limits import MAX_POLICY_BYTES
from .policy.flags import EvidenceFlags, check_signer, policy_from_flags
from .policy.model import AttestationRule, EvidencePlace, Formats, PolicySet
from .policy.sources import Sources
from .reaching import NO_REGISTRIES, ConfiguredRegistries, fetch_url
from .records import dataclass, replace
from .reference import Repository
from .run_options import Machine, RunOptions
from .signatures.opinion import SecondOpinion
from .trusting import RootChoice, read_key, read_tuf_root, signing_trust

if TYPE_CHECKING:
    from .policy.document import Configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The policies of a run, and its options with what a configuration file adds."""

    policies: PolicySet
    options: RunOptions
    registries: ConfiguredRegistries = NO_REGISTRIES
    """Of a configuration file; what the options say comes first."""


def load_rules(
    options: RunOptions,
    machine: Machine,
    *,
    config: Path | None = None,
    attestations: tuple[AttestationRule, ...] = (),
    store: PolicyStore | None = None,
) -> Rules:
    """Return what decides.

    *config* is the project's file, read where the options name neither a signer nor a policy.
    *attestations* are demanded by the verb itself, in place of an image signature. *store* is where
    policy files are read from, if not from the disk.

    Raises `InvalidInput` ``policy.with-identity`` for options that contradict each other, and what
    `flags_policy` and `load_policies` raise.
    """
    files = [machine.base / path for path in options.policy]
    if files and (options.names_a_signer or attestations):
        raise InvalidInput(
            "policy.with-identity",
            "a policy says who must have signed and what: expected no identity, key, publisher"
            " or demanded attestation beside it",
        )
    if not files and config is not None and not options.names_a_signer:
        files = [config]
    if not files:
        policies = flags_policy(options, machine, attestations=attestations)
        return Rules(policies=policies, options=options)
    store = store or PoliciesOnDisk()
    configuration = load_policies(options, machine, files, store=store)
    settings = configuration.settings
    if options.second_opinion is SecondOpinion.AUTO:
        options = replace(options, second_opinion=settings.second_opinion)
    return Rules(
        policies=configuration.policies,
        options=options,
        registries=ConfiguredRegistries.of(
            settings.registries,
            base=files[0].parent,
            read=partial(store.read_below, files[0].parent),
        ),
    )


def configured_registries(options: RunOptions, machine: Machine) -> ConfiguredRegistries:
    """Return how registries are reached, by the policy files alone: for who decides nothing.

    Raises `PolicyInvalid` for a section that does not load, `InvalidInput` as `load_rules`.
    """
    if not options.policy:
        return NO_REGISTRIES
    from .policy.file_settings import parse_alone
    from .policy.sealpin_document import read_registries

    files, store = [machine.base / path for path in options.policy], PoliciesOnDisk()
    found = (parse_alone(store.read(path), read_registries, where=path.name) for path in files)
    folder = files[0].parent
    return ConfiguredRegistries.of(
        [settings for section in found for settings in section or ()],
        base=folder,
        read=partial(store.read_below, folder),
    )


def flags_policy(
    options: RunOptions, machine: Machine, *, attestations: tuple[AttestationRule, ...] = ()
) -> PolicySet:
    """Return the policy of the identity options. Raises `InvalidInput` ``identity.*``."""
    if not options.key:
        check_signer(options.signer, attestations=attestations)
    places: tuple[EvidencePlace, ...] = ()
    if options.repository or options.attachment_tag_prefix:
        repository = Repository.parse(options.repository) if options.repository else None
        places = (EvidencePlace(repository=repository, tag_prefix=options.attachment_tag_prefix),)
    evidence = EvidenceFlags(
        annotations=options.annotations,
        attestations=attestations,
        places=places,
        places_replace=options.repository_replaces or bool(options.attachment_tag_prefix),
        formats=Formats.LEGACY if options.legacy_only else Formats.ANY,
    )
    return policy_from_flags(
        options.signer, trust=signing_trust(options, machine), evidence=evidence
    )


def load_policies(
    options: RunOptions,
    machine: Machine,
    files: Sequence[Path],
    *,
    store: PolicyStore | None = None,
) -> Configuration:
    """Read policy files; what they name is relative to the first one and stays below its folder.

    Raises `PolicyInvalid` with every problem found, `InvalidInput` ``file.*`` for a file that
    cannot be read, `Unavailable` ``trust.too-old``.
    """
    folder, store = files[0].parent, store or PoliciesOnDisk()
    choice = RootChoice(options, machine)
    sources = Sources(
        default_root=choice.root,
        read=partial(store.read_below, folder),
        tuf_root=partial(read_tuf_root, options, machine),
        kms_key=partial(read_key, options, machine),
        fetch=partial(_fetch, options, machine),
    )
    # Most runs of verify name a signer and read no document: no YAML for them.
    from .policy.document import load_configuration

    documents = {_shown(path, machine): store.read(path) for path in files}
    configuration = load_configuration(documents, sources=sources, on_settings=choice.settle)
    choice.check_age(configuration.settings.max_root_age)
    return configuration


def _fetch(options: RunOptions, machine: Machine, url: str) -> bytes:
    if options.offline:
        raise Unavailable("policy.offline", f"nothing is fetched offline: {quote(url)}")
    return fetch_url(options, machine, url, MAX_POLICY_BYTES)


def _shown(path: Path, machine: Machine) -> str:
    """Name a file in messages as a person in the working directory would."""
    return str(path.relative_to(machine.base) if path.is_relative_to(machine.base) else path)
