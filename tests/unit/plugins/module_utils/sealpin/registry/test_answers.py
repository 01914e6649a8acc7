# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a registry's refusal says: never "unsigned", and what to do next."""

from __future__ import annotations

import pytest

from sealpin.registry.answers import refusal
from sealpin.registry.transport import Response


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_a_refusal_says_what_to_do_next(status: int) -> None:
    error = refusal(
        Response(url="", status=status, headers={}, body=b""), "registry.example/app:1.0"
    )
    assert "registry.example/app:1.0" in error.message
    assert error.hint


def test_what_a_registry_has_not_may_need_a_login() -> None:
    error = refusal(Response(url="", status=404, headers={}, body=b""), "registry.example/app:1.0")
    assert "a registry may hide what needs a login" in error.hint
