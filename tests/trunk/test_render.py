"""The files that are rendered from a description: golden, and true to what the routes mean."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from softswitch.asterisk.matcher import find, parse
from softswitch.asterisk.model import Directory
from softswitch.asterisk.render import render
from tests.dialplans.test_render import directory, frame
from tests.trunk.plans import GOOD, plan
from trunk import dahdi
from trunk.config import read
from trunk.model import Plan
from trunk.selection import Query, Selector
from trunk.switch import caller_class, go_if_time, outside

GOLDEN = Path(__file__).parent / "golden"


def world(plan: Plan) -> Directory:
    lines = tuple(
        replace(line, caller_class=caller_class(plan, line.number)) for line in directory().lines
    )
    return directory(outside=outside(plan), lines=lines)


def golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("SOFTSWITCH_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("node", ["core", "e1"])
@pytest.mark.parametrize("name", dahdi.FILES)
def test_golden_of_dahdi(node: str, name: str) -> None:
    """After a wanted change: SOFTSWITCH_GOLDEN=write pytest tests/trunk/test_render.py, and read the difference."""
    golden(f"{node}.{name}", dahdi.render(read(GOOD), node)[name])


R2 = """
[[span]]
number = 1
framing = "cas"

[[trunk]]
name = "old-exchange"
kind = "r2"
variant = "cn"
circuits = [{ span = 1, timeslots = "1-15,17-31" }]
max_dnis = 8
"""


def test_golden_of_mfc_r2() -> None:
    """The bits of all circuits are in timeslot 16, which belongs to the frame then."""
    for name, text in dahdi.render(read(R2), "core").items():
        golden(f"r2.{name}", text)


@pytest.mark.parametrize("name", ["extensions.conf", "pjsip.conf"])
def test_golden_of_asterisk(name: str) -> None:
    text = render(frame(), world(read(GOOD)))[name]
    start = {"extensions.conf": "; ---- outside -", "pjsip.conf": "; ---- trunks"}[name]
    end = text.index("; Whom the fail-open") if name == "extensions.conf" else len(text)
    golden(name, text[text.index(start) : end])


def test_iax2_is_loaded_with_the_first_node_that_is_reached_so() -> None:
    closed = render(frame(), world(read(GOOD)))
    assert "load=" not in closed["modules_links.conf"]
    assert "[far-pri]" not in closed["iax.conf"]
    text = GOOD.replace('secret = "node-secret"', 'secret = "node-secret"\nlink = "iax2"')
    opened = render(frame(), world(read(text)))
    assert "\nload=chan_iax2\n" in opened["modules_links.conf"]
    assert "[far-pri]" not in opened["pjsip.conf"]
    golden("iax.conf", opened["iax.conf"])


def test_a_class_is_a_variable_of_its_phones() -> None:
    text = render(frame(), world(read(GOOD)))["pjsip.conf"]
    assert "set_var=SOFTSWITCH_CLASS=office" in text


def test_emergency_digits_go_to_intake_from_every_trunk() -> None:
    contexts = parse(render(frame(), world(read(GOOD)))["extensions.conf"])
    for name in ("city-pri", "city-ss7", "far-pri", "carrier"):
        assert find(contexts, f"in-{name}", "110") == (f"in-{name}", "110")


def test_nothing_but_digits_gets_in_by_a_translation() -> None:
    contexts = parse(render(frame(), world(read(GOOD)))["extensions.conf"])
    assert find(contexts, "in-carrier", "08132201001") is not None
    for bad in ("0813220100a", "0813220${X}", "0813220100"):
        assert find(contexts, "in-carrier", bad) is None


def test_times_over_midnight_are_two() -> None:
    night = read(GOOD).routes[1].hours[1]
    assert go_if_time(night) == [
        "22:00-23:59,mon&tue&wed&thu&fri&sat&sun,*,*",
        "00:00-05:59,mon&tue&wed&thu&fri&sat&sun,*,*",
    ]


PATTERNS = st.lists(
    st.builds(
        "".join,
        st.lists(st.sampled_from(["0", "1", "2", "9", "X", "Z", "N", "[13-5]"]), min_size=5, max_size=8),
    ).flatmap(lambda body: st.sampled_from([body, body + "."])),
    min_size=1,
    max_size=8,
    unique=True,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(PATTERNS, st.lists(st.text("01239", min_size=5, max_size=12), min_size=1, max_size=20))
def test_the_dialplan_finds_the_same_route(texts: list[str], numbers: list[str]) -> None:
    """What Python chooses and what Asterisk finds without Python are the same pattern."""
    made = plan(*((text, "a") for text in texts))
    selector = Selector(made)
    contexts = parse(render(frame(), world(made))["extensions.conf"])
    for number in numbers:
        routes = selector.routes(Query(number))
        found = find(contexts, "routes", number)
        if routes:
            assert found is not None
            assert found[1].removeprefix("_") == routes[0].patterns[0].text
        else:
            assert found is not None
            assert found[0] == "unknown"
