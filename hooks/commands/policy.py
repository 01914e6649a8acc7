# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin policy``: read, question and try policies, in either spelling.

Exit codes as everywhere: 0 it is so (valid, matches, passes), 1 it is not, 2 it cannot be told
here, 3 the policy or the command line is invalid.
"""

from __future__ import annotations

from collections.abc import Sequence

from .. import policy_eval, policy_files, policy_images
from ..subverbs import SubVerb, run_subverb


def run(argv: Sequence[str]) -> int:
    """Run the verb *argv* begins with."""
    return run_subverb("policy", SUBVERBS, argv)


SUBVERBS = {
    "validate": SubVerb(
        description="say what is wrong with policy files, with line and column",
        make_parser=policy_files.make_validate_parser,
        run=policy_files.validate,
    ),
    "lint": SubVerb(
        description="point out what loads but is probably a mistake",
        make_parser=policy_files.make_lint_parser,
        run=policy_files.lint,
    ),
    "convert": SubVerb(
        description="write policies in another spelling: sealpin, cluster or kyverno",
        make_parser=policy_files.make_convert_parser,
        run=policy_files.convert,
    ),
    "match": SubVerb(
        description="say whether a policy file covers an image; fetches nothing",
        make_parser=policy_images.make_match_parser,
        run=policy_images.match,
    ),
    "explain": SubVerb(
        description="decide on an image, and give each policy's reason",
        make_parser=policy_images.make_explain_parser,
        run=policy_images.explain_image,
    ),
    "test": SubVerb(
        description="decide on an image as the cluster would (policy-tester's flags)",
        make_parser=policy_images.make_test_parser,
        run=policy_images.test,
    ),
    "eval": SubVerb(
        description="evaluate one CUE or Rego text over an input",
        make_parser=policy_eval.make_parser,
        run=policy_eval.run,
    ),
}
