# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Readers of provenance parameters, one for each build type that has its own.

A build type decides what a predicate's parameters mean (SLSA v1.0 provenance, "buildType"). Read
are the container generator and the container-based builder, GitHub artifact attestations, Google
Cloud Build and BuildKit; any other build type gives up its source if it names it in the usual
place. Each reader takes the predicate and what every build type has in common.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..errors import VerificationFailed, quote
from ..records import replace
from . import builders
from .claims import Claims, Provenance, branch_of, malformed, tag_of
from .source import SourceUri, parse_download_location, parse_git_context

_BUILDKIT_V02_METADATA = "https://mobyproject.org/buildkit@v1#metadata"

Reader = Callable[[Claims, Provenance], Provenance]


def _read_generator_v02(predicate: Claims, base: Provenance) -> Provenance:
    """https://github.com/slsa-framework/slsa-github-generator, container generator."""
    config = predicate["invocation"]["configSource"]
    source = _same_source(config.text("uri"), predicate.objects("materials"))
    return _with_github_run(
        replace(base, source=source, commit=config["digest"].text("sha1")),
        predicate["invocation"]["environment"],
        spell=str.lower,
    )


def _read_container_based(predicate: Claims, base: Provenance) -> Provenance:
    """https://slsa.dev/container-based-build/v0.1."""
    definition = predicate["buildDefinition"]
    claimed = definition["externalParameters"]["source"]
    source = _same_source(claimed.text("uri"), definition.objects("resolvedDependencies"))
    return _with_github_run(
        replace(
            base,
            source=source,
            commit=claimed["digest"].text("sha1"),
            entry_point=definition["externalParameters"].text("configPath"),
        ),
        definition["internalParameters"],
        spell=str.upper,
    )


def _read_github_workflow(predicate: Claims, base: Provenance) -> Provenance:
    """https://actions.github.io/buildtypes/workflow/v1: GitHub artifact attestations."""
    definition = predicate["buildDefinition"]
    workflow = definition["externalParameters"]["workflow"]
    repository, ref = workflow.text("repository"), workflow.text("ref")
    dependencies = definition.objects("resolvedDependencies")
    # Early attestations leave the repository out of the workflow and name it in the dependency.
    claimed = (
        f"git+{repository}@{ref}"
        if repository
        else dependencies[0].text("uri")
        if dependencies
        else ""
    )
    source = _same_source(claimed, dependencies)
    if source.ref != ref:
        raise _inconsistent(source.ref, ref)
    return replace(
        base,
        source=source,
        commit=dependencies[0]["digest"].text("gitCommit"),
        branch=branch_of(ref),
        tag=tag_of(ref),
        trigger=definition["internalParameters"]["github"].text("event_name"),
        inputs=definition["externalParameters"]["inputs"].raw(),
        entry_point=workflow.text("path"),
    )


def _read_google_cloud_build(predicate: Claims, base: Provenance) -> Provenance:
    """https://cloud.google.com/build/gcb-buildtypes/google-worker/v1."""
    definition = predicate["buildDefinition"]
    config = definition["externalParameters"]["buildConfigSource"]
    system = definition["internalParameters"]["systemSubstitutions"]
    repository, ref = config.text("repository"), config.text("ref")
    tag = system.text("TAG_NAME") or None
    if tag is not None and f"refs/tags/{tag}" != ref:
        raise _inconsistent(f"refs/tags/{tag}", ref)
    source = parse_download_location(repository) if repository else None
    return replace(
        base,
        source=SourceUri(repository=source.repository, ref=ref) if source else None,
        commit=system.text("COMMIT_SHA"),
        branch=branch_of(ref),
        tag=tag,
        entry_point=config.text("path"),
    )


def _read_buildkit_v02(predicate: Claims, base: Provenance) -> Provenance:
    """https://docs.docker.com/build/metadata/attestations/slsa-definitions, v0.2 form."""
    config = predicate["invocation"]["configSource"]
    vcs = predicate["metadata"][_BUILDKIT_V02_METADATA]["vcs"]
    return _with_buildkit_source(base, config, vcs)


def _read_buildkit_v1(predicate: Claims, base: Provenance) -> Provenance:
    """https://docs.docker.com/build/metadata/attestations/slsa-definitions, v1 form."""
    config = predicate["buildDefinition"]["externalParameters"]["configSource"]
    vcs = predicate["runDetails"]["metadata"]["buildkit_metadata"]["vcs"]
    entry_point = config.text("path")
    return _with_buildkit_source(replace(base, entry_point=entry_point), config, vcs)


def read_any_v02(predicate: Claims, base: Provenance) -> Provenance:
    """Read v0.2 of an unknown build type: the source is what configured the build."""
    config = predicate["invocation"]["configSource"]
    source = parse_download_location(config.text("uri")) if config.text("uri") else None
    return _with_source(base, source, config["digest"].text("sha1"))


def read_any_v1(predicate: Claims, base: Provenance) -> Provenance:
    """Read v1 of an unknown build type: the source is the only git repository it depends on."""
    dependencies = predicate["buildDefinition"].objects("resolvedDependencies")
    repositories = [item for item in dependencies if item.text("uri").startswith("git+")]
    if len(repositories) != 1:  # several repositories, and none is said to be the source
        return base
    digest = repositories[0]["digest"]
    commit = digest.text("gitCommit") or digest.text("sha1")
    return _with_source(base, parse_download_location(repositories[0].text("uri")), commit)


def _same_source(claimed: str, dependencies: Sequence[Claims]) -> SourceUri:
    """Parse the source, which the first dependency must repeat, ref included."""
    if not claimed:
        raise malformed("it names no source")
    repeated = dependencies[0].text("uri") if dependencies else ""
    if repeated != claimed:
        raise _inconsistent(repeated, claimed)
    source = parse_download_location(claimed)
    if not source.ref:
        raise malformed(f"its source has no ref: {quote(claimed)}")
    return source


def _inconsistent(one: str, other: str) -> VerificationFailed:
    return VerificationFailed(
        "slsa.source-inconsistent",
        f"provenance names two sources: {quote(one)} and {quote(other)}",
    )


def _with_github_run(base: Provenance, run: Claims, *, spell: Callable[[str], str]) -> Provenance:
    """Add branch, tag, trigger and inputs from a builder's copy of GitHub's variables.

    *spell* turns a variable's name into the key's letter case.
    """
    event = run[spell("github_event_payload")]
    ref = run.text(spell("github_ref"))
    trigger = run.text(spell("github_event_name"))
    if ref != base.source_ref:
        raise _inconsistent(ref, base.source_ref)
    branch = tag = None
    match run.text(spell("github_ref_type")):
        case "branch":
            branch = branch_of(ref)
        case "tag":
            tag = tag_of(ref)
            base_ref = run.text(spell("github_base_ref")) or _branch_of_event(trigger, event)
            branch = base_ref.removeprefix("refs/heads/") or None
        case unknown:
            raise malformed(f"its ref type is neither branch nor tag: {quote(unknown)}")
    inputs = event["inputs"].raw()
    return replace(base, branch=branch, tag=tag, trigger=trigger, inputs=inputs)


def _branch_of_event(trigger: str, event: Claims) -> str:
    """Return the branch a tag was pushed from or released on, where the event says so."""
    if trigger == "push":
        return event.text("base_ref")
    if trigger == "release":
        return event["release"].text("target_commitish")
    return ""


def _with_source(base: Provenance, source: SourceUri | None, commit: str) -> Provenance:
    ref = source.ref if source else ""
    return replace(
        base,
        source=source,
        commit=commit,
        branch=branch_of(ref),
        tag=tag_of(ref),
    )


def _with_buildkit_source(base: Provenance, config: Claims, vcs: Claims) -> Provenance:
    """Take the remote context, else the checkout that BuildKit was told the local context is."""
    if config.text("uri"):
        return _with_source(
            base, parse_git_context(config.text("uri")), config["digest"].text("sha1")
        )
    source = parse_git_context(vcs.text("source")) if vcs.text("source") else None
    return _with_source(base, source, vcs.text("revision"))


V02_READERS: Mapping[str, Reader] = {
    builders.CONTAINER_GENERATOR_BUILD: _read_generator_v02,
    builders.BUILDKIT_V02_BUILD: _read_buildkit_v02,
}
V1_READERS: Mapping[str, Reader] = {
    builders.CONTAINER_BASED_BUILD: _read_container_based,
    builders.GITHUB_WORKFLOW_BUILD: _read_github_workflow,
    builders.GCB_BUILD: _read_google_cloud_build,
    builders.BUILDKIT_V1_BUILD: _read_buildkit_v1,
}
