# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The lab's images in the places they are read from, and its oracle's command lines asked of us."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support import docker_registry, memory_registry
from support.command import Ran, sealpin
from support.vectors import vectors

LAB = vectors("lab")
ORACLE = json.loads((LAB / "oracle.json").read_bytes())
HOMES = ("folder", "referrers-api", "docker-registry")


@dataclass(frozen=True, kw_only=True)
class Home:
    """A place the lab is read from."""

    registry: str
    options: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)


@contextmanager
def home_in(kind: str, folder: Path) -> Iterator[Home]:
    """Serve the lab from one of `HOMES`; *folder* is the registry's own."""
    layouts = LAB / "repositories"
    with ExitStack() as serving:
        if kind == "folder":
            mirror = f"localhost:1338=dir:{layouts}"
            home = Home(registry="localhost:1338", options=("--mirror", mirror))
        elif kind == "referrers-api":
            registry = serving.enter_context(memory_registry.serving())
            registry.load_tree(layouts)
            home = Home(registry=registry.host)
        else:
            served = docker_registry.serving(folder, layouts, has_password=True)
            host = serving.enter_context(served)
            home = Home(registry=host, env={"DOCKER_CONFIG": str(docker_config(folder, host))})
        yield home


def docker_config(folder: Path, host: str, password: str = docker_registry.PASSWORD) -> Path:
    """Write a Docker configuration with the password; returns its folder."""
    token = base64.b64encode(f"{docker_registry.USER}:{password}".encode()).decode()
    config = folder / "docker"
    config.mkdir(exist_ok=True)
    (config / "config.json").write_text(json.dumps({"auths": {host: {"auth": token}}}))
    return config


def ask(case: dict[str, Any], home: Home, *more: str) -> Ran:
    """Run a case's command line here; what only reads takes no trusted root."""
    trust = (
        () if case["command"][0] == "download" else ("--trusted-root", LAB / "trusted_root.json")
    )
    return sealpin(
        *(fill(word, home) for word in case["command"]),
        *trust,
        *more,
        *home.options,
        f"{home.registry}/{case['image']}",
        env={**home.env, **{name: fill(value, home) for name, value in case["env"].items()}},
    )


def fill(text: str, home: Home) -> str:
    return text.replace("{registry}", home.registry).replace("{lab}", str(LAB))


def without_registry(text: str, home: Home) -> str:
    """Take the registry's name out; the signed names carry that of the lab's own."""
    return text.replace(home.registry, "{registry}").replace("localhost:1338", "{registry}")
