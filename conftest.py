"""For every folder of tests: a skipped test is as loud as a failed one, and generated input is the same each time.

With `--strict-skips`, which scripts/test gives, a run with a skipped test fails, unless the reason
is in `allowed_skip_reasons` of pyproject.toml. What is skipped in silence rots.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

# A run must not fail by its dice or by its clock. New dice: --hypothesis-profile=new-dice.
settings.register_profile(
    "same-dice", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("new-dice", settings.get_profile("same-dice"), derandomize=False)
settings.load_profile("same-dice")

_KEY = pytest.StashKey["_StrictSkips"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    help_text = "fail the run when a test is skipped for a reason that is not allowed"
    parser.addoption("--strict-skips", action="store_true", help=help_text)
    help_text = "beginnings of the reasons for which --strict-skips lets a test be skipped"
    parser.addini("allowed_skip_reasons", help_text, type="linelist", default=[])


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--strict-skips"):
        allowed = tuple(str(reason) for reason in config.getini("allowed_skip_reasons"))
        config.stash[_KEY] = plugin = _StrictSkips(allowed)
        config.pluginmanager.register(plugin, "strict-skips")


class _StrictSkips:
    """Collects skips and turns them into a failed run."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self.allowed = allowed
        self.found: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # An expected failure is a skip to pytest, but says what it waits for, and is strict.
        if report.skipped and not hasattr(report, "wasxfail"):
            self._note(report.nodeid, report.longrepr)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._note(report.nodeid, report.longrepr)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.found and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in self.found:
            terminalreporter.write_line(f"NOT ALLOWED TO SKIP {line}", red=True)

    def _note(self, nodeid: str, longrepr: object) -> None:
        reason = str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr)
        reason = reason.removeprefix("Skipped: ")
        if not any(reason.startswith(allowed) for allowed in self.allowed):
            self.found.append(f"{nodeid}: {reason}")
