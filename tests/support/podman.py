# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""podman with a store and a configuration of a test's own, below one folder."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from support.plays import output


def use_podman_below(folder: Path, host: str) -> None:
    """Keep images and containers below *folder*; the registry *host* speaks HTTP.

    Limits that lie within those of any user, and the host's network: containers start without
    privileges, too.
    """
    files = {
        "CONTAINERS_STORAGE_CONF": f'''[storage]
driver = "vfs"
graphroot = "{folder}/graph"
runroot = "{folder}/run"
''',
        "CONTAINERS_CONF": """[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "host"
""",
        "CONTAINERS_REGISTRIES_CONF": f'''[[registry]]
location = "{host}"
insecure = true
''',
    }
    for variable, content in files.items():
        path = folder / f"{variable.lower()}.conf"
        path.write_text(content)
        os.environ[variable] = str(path)


def containers() -> list[dict[str, Any]]:
    """Return what podman says of every container."""
    names = output("podman", "ps", "--all", "--quiet").split()
    return json.loads(output("podman", "container", "inspect", *names)) if names else []


def remove_all() -> None:
    """Remove the containers and images, which only podman itself can."""
    output("podman", "rm", "--all", "--force", "--time", "0")
    output("podman", "rmi", "--all", "--force")
