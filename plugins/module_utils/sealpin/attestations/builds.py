# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Views for people of predicates about how an image was built: provenance, VSA, apko.

`slsa` reads the same predicates to decide; here they are only shown.
https://slsa.dev/spec/v1.0/provenance, https://slsa.dev/spec/v1.0/verification_summary,
https://github.com/chainguard-dev/apko
"""

from __future__ import annotations

from typing import Any

from .jsonpath import find, find_list, find_text, lines, listed


def summarise_provenance_v02(predicate: Any) -> tuple[str, ...]:
    """Show builder, build type, source and run of SLSA provenance v0.2."""
    config = find(predicate, "invocation", "configSource")
    return lines(
        ("builder", find_text(predicate, "builder", "id")),
        ("build type", find_text(predicate, "buildType")),
        ("source", find_text(config, "uri")),
        ("commit", find_text(config, "digest", "sha1")),
        ("entry point", find_text(config, "entryPoint")),
    )


def summarise_provenance_v1(predicate: Any) -> tuple[str, ...]:
    """Show builder, build type, dependencies and run of SLSA provenance v1."""
    definition, run = find(predicate, "buildDefinition"), find(predicate, "runDetails")
    dependencies = find_list(definition, "resolvedDependencies")
    return lines(
        ("builder", find_text(run, "builder", "id")),
        ("build type", find_text(definition, "buildType")),
        ("built from", listed(find_text(item, "uri") for item in dependencies)),
        ("run", find_text(run, "metadata", "invocationId")),
    )


def summarise_vsa(predicate: Any) -> tuple[str, ...]:
    """Show result, verifier, resource and levels of a verification summary."""
    levels = find_list(predicate, "verifiedLevels")
    return lines(
        ("result", find_text(predicate, "verificationResult")),
        ("verifier", find_text(predicate, "verifier", "id")),
        ("resource", find_text(predicate, "resourceUri")),
        ("levels", listed(find_text(level) for level in levels)),
        ("verified", find_text(predicate, "timeVerified")),
    )


def summarise_apko(predicate: Any) -> tuple[str, ...]:
    """Show architectures, packages, user and entry point of an apko image configuration."""
    architectures = find_list(predicate, "archs")
    packages = find_list(predicate, "contents", "packages")
    return lines(
        ("architectures", listed(find_text(item) for item in architectures)),
        ("packages", _counted(packages)),
        ("runs as", find_text(predicate, "accounts", "run-as")),
        ("entry point", find_text(predicate, "entrypoint", "command")),
    )


def _counted(packages: list[Any]) -> str:
    return f"{len(packages)} ({listed(find_text(item) for item in packages)})" if packages else ""
