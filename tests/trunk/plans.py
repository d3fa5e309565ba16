"""Descriptions for tests that need no switch."""

from __future__ import annotations

from trunk.model import Plan, Route, Sip, Step, Trunk
from trunk.patterns import pattern

GOOD = """
[[node]]
name = "e1"
host = "192.0.2.7"
secret = "node-secret"

[[span]]
number = 1
timing = 1
crc4 = true

[[span]]
number = 2

[[span]]
number = 1
node = "e1"
dynamic = "loc,1:0"

[[trunk]]
name = "city-pri"
kind = "pri"
variant = "euroisdn"
side = "user"
d_channel = "1:16"
circuits = [{ span = 1, timeslots = "1-15,17-31" }]
reserved = 2
caller = "0813220XXXX"

[[trunk]]
name = "city-ss7"
kind = "ss7"
point_code = "1"
adjacent = "2"
links = ["2:5"]
circuits = [
  { span = 2, timeslots = "1-4,6-15", first_cic = 1 },
  { span = 2, timeslots = "17-31", first_cic = 17, destination = "3" },
]
hunt = "down"

[[trunk]]
name = "far-pri"
kind = "pri"
node = "e1"
side = "network"
d_channel = "1:16"
circuits = [{ span = 1, timeslots = "1-15,17-31" }]

[[trunk]]
name = "carrier"
kind = "sip"
host = "192.0.2.10"
transport = "tls"
mode = "register"
username = "08132200000"
secret = "carrier-secret"
srtp = true
out = [{ pattern = "0X.", strip = 1, prepend = "+86" }]
inward = [{ pattern = "0813220XXXX", strip = 7 }]
probe = "12117"

[[route]]
name = "mobiles"
patterns = ["1[3-9]XXXXXXXXX"]
to = ["city-pri", { trunk = "city-ss7", order = 1, weight = 3 }, { trunk = "carrier", order = 1 }]

[[route]]
name = "far-by-day"
patterns = ["0."]
to = ["carrier"]
hours = ["mon-fri 08:00-18:00", "22:00-06:00"]
classes = ["office"]
strip = 0

[[class]]
name = "office"
members = ["1XXX"]
allow = ["0.", "1[3-9]XXXXXXXXX"]
deny = ["00."]
[class.limits]
calls = 3
minutes_per_day = 600
"""


def plan(*routes: tuple[str, ...], trunks: tuple[str, ...] = ("a", "b", "c")) -> Plan:
    """Return a plan with SIP trunks and a route for each ``(pattern, trunk, ...)``."""
    return Plan(
        trunks=tuple(Trunk(name, Sip(f"{name}.example", calls=2)) for name in trunks),
        routes=tuple(
            Route(
                f"r{number}",
                (pattern(text),),
                tuple(Step(name, order) for order, name in enumerate(names)),
            )
            for number, (text, *names) in enumerate(routes)
        ),
    )
