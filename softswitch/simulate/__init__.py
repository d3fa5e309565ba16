"""A first try without phones: citizens who call for help and field teams who answer, by real SIP.

report = await simulate(
    Options(
        server=("127.0.0.1", 5060),
        citizens=(Account("9001", "secret"),),
        field_phones=(Account("1001", "secret"),),
        calls=4,
        seed=7,
    ),
    progress=print,
)
print(report.text())
"""

from softswitch.simulate.engine import simulate
from softswitch.simulate.options import Account, Options
from softswitch.simulate.plan import PlannedCall, plan
from softswitch.simulate.report import CallResult, Happening, Report
from softswitch.simulate.scenarios import SCENARIOS, Scenario

__all__ = [
    "SCENARIOS",
    "Account",
    "CallResult",
    "Happening",
    "Options",
    "PlannedCall",
    "Report",
    "Scenario",
    "plan",
    "simulate",
]
