# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from support.verification import root_of
from support.virtual_sigstore import VirtualSigstore


@pytest.fixture(scope="session")
def sigstore():
    """One instance for every test of policies; none of them changes it."""
    return VirtualSigstore()


@pytest.fixture(scope="session")
def root(sigstore):
    return root_of(sigstore)
