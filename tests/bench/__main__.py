# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Run the benchmarks, or those that are named: ``PYTHONPATH=tests python -m bench [NAME…]``."""

from __future__ import annotations

import sys

from . import ansible, frizbee, pinning, policy, verify

BENCHMARKS = {
    "verify": verify,
    "policy": policy,
    "pinning": pinning,
    "frizbee": frizbee,
    "ansible": ansible,
}
"""Name to the module; each prints one table, and says above itself what it compares."""


def main(names: list[str]) -> int:
    """Print one table each. Returns 64 for a name that is none."""
    unknown = sorted(set(names) - set(BENCHMARKS))
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
        return 64
    for name in names or BENCHMARKS:
        print(f"\n{name}: {(BENCHMARKS[name].__doc__ or '').partition(': ``')[0]}\n", flush=True)
        BENCHMARKS[name].main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
