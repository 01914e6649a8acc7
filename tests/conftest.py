# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Options of every test run: `--fail-on-skip`, and `--update-golden` for the golden reports."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    parser.addoption(
        "--fail-on-skip",
        action="store_true",
        help="fail the run when any test was skipped: on CI a missing tool is a defect",
    )
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the reports below tests/golden as they are now; review the difference",
    )


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail an otherwise successful run in which a test was skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not session.config.getoption("--fail-on-skip"):
        return
    skipped = reporter.stats.get("skipped", [])
    if skipped and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        reporter.write_line(f"{len(skipped)} skipped, and --fail-on-skip was given", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
