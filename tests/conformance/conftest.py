# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.lab import HOMES, Home, home_in


@pytest.fixture(scope="module", params=HOMES)
def home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Home]:
    """The lab, read from a folder, with the referrers API, and without it behind a password."""
    with home_in(request.param, tmp_path_factory.mktemp("registry")) as found:
        yield found
