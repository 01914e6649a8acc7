# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""When Python may look for cyclic garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collection() -> Iterator[None]:
    """Hold the cyclic garbage collector back while files are read.

    Nodes are made by the ten thousand and none is garbage before its file is done with; what was
    found in the files before is none at all. Every collection on the way looks at all of them in
    vain, for a sixth of the time.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
