# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""No proxies; and import paths for runners that know nothing of pyproject.toml: `ansible-test`.

The core is imported as `sealpin` and the command line as `sealpin_hooks` everywhere in the
tests, whether the wheel is installed or not; what modules share is `module_utils._running`.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

for folder in (ROOT / "tests", ROOT / "plugins", ROOT / "plugins" / "module_utils"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

if importlib.util.find_spec("sealpin_hooks") is None:
    spec = importlib.util.spec_from_file_location(
        "sealpin_hooks",
        ROOT / "hooks" / "__init__.py",
        submodule_search_locations=[str(ROOT / "hooks")],
    )
    if spec is None or spec.loader is None:
        raise ImportError("hooks/__init__.py cannot be loaded")
    package = importlib.util.module_from_spec(spec)
    sys.modules["sealpin_hooks"] = package
    spec.loader.exec_module(package)


@pytest.fixture(autouse=True)
def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test serves is on loopback, where the proxies of this machine do not reach."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
