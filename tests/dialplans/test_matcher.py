"""Nothing shadows an emergency number: the matcher itself, then every directory that is accepted."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from softswitch.asterisk.matcher import Context, find, matches, parse
from softswitch.asterisk.model import Codes, Directory, EmergencyNumber, Line, Phone, PhoneKind
from softswitch.asterisk.render import ENTRIES, check_emergency, render
from softswitch.errors import Refusal
from softswitch.numbers import EmergencyDigits, Extension, PhoneId
from tests.dialplans.test_render import frame


@pytest.mark.parametrize(
    ("pattern", "dialled", "expected"),
    [
        ("110", "110", True),
        ("110", "1101", False),
        ("_1XX", "110", True),
        ("_NXX", "110", False),
        ("_ZXX", "110", True),
        ("_zxx", "010", False),
        ("_1[0-2]0", "120", True),
        ("_1[02]0", "110", False),
        ("_[1-9*]0", "*0", True),
        ("_1.", "1", False),
        ("_1.", "11", True),
        ("_1!", "1", True),
        ("_1-10", "110", True),
        ("_+X", "+1", True),
        ("_x.", "x1", False),
        ("_conf-X.", "conf-1a", False),
    ],
)
def test_the_rules_of_patterns(pattern: str, dialled: str, expected: bool) -> None:
    # `_conf-X.` never matches: n means the digits 2 to 9 (measured on 22.10.1).
    assert matches(pattern, dialled) is expected


def test_a_context_goes_before_what_it_includes_and_the_special_before_the_general() -> None:
    contexts = {
        "entry": Context("entry", {"_X.": "general", "_11X": "special"}, ["inner"]),
        "inner": Context("inner", {"110": "exact"}),
    }
    assert find(contexts, "entry", "110") == ("entry", "_11X")
    assert find(contexts, "entry", "120") == ("entry", "_X.")
    assert find(contexts, "inner", "110") == ("inner", "110")
    assert find(contexts, "entry", "*") is None


def test_contexts_that_include_one_another_end() -> None:
    contexts = {"a": Context("a", {}, ["b"]), "b": Context("b", {}, ["a"])}
    assert find(contexts, "a", "110") is None


EXTENSIONS = st.text(string.digits, min_size=1, max_size=8)
CODE = st.text(string.digits + "*#", min_size=1, max_size=6)
EMERGENCY = st.lists(st.text(string.digits, min_size=2, max_size=6), min_size=1, max_size=6)
STANDARD = ("110", "119", "120", "122")


@st.composite
def directories(draw: st.DrawFn) -> Directory:
    """Directories near the edge: short extensions and codes that begin like emergency numbers."""
    near = st.sampled_from(["11", "110", "1100", "12", "120", "*110", "1", "7", "70", "122", "119"])
    lines = draw(st.lists(EXTENSIONS | near, max_size=8))
    first = draw(st.integers(10, 1300))
    codes = Codes(
        pickup=draw(CODE | near),
        take=draw(CODE | near),
        takeover=draw(CODE | near),
        park=draw(EXTENSIONS | near),
        park_first=first,
        park_last=first + draw(st.integers(0, 60)),
    )
    digits = dict.fromkeys((*STANDARD, *draw(EMERGENCY)))
    return Directory(
        lines=tuple(
            Line(Extension(n), phones=(Phone(PhoneId(f"p{n}"), "secret-x"),)) for n in lines
        ),
        gateways=(Phone(PhoneId("gateway"), "secret-x", PhoneKind.GATEWAY),),
        emergency=tuple(EmergencyNumber(EmergencyDigits(d)) for d in digits),
        outgoing=draw(st.sampled_from([None, PhoneId("gateway")])),
        codes=codes,
    )


@given(st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
def test_no_accepted_directory_shadows_an_emergency_number(data: st.DataObject) -> None:
    try:
        directory = data.draw(directories())
    except Refusal:
        return
    contexts = parse(render(frame(), directory)["extensions.conf"])
    for service in directory.emergency:
        for entry in ENTRIES:
            assert find(contexts, entry, service.digits) == (entry, service.digits)
    # And every extension is still reached.
    for line in directory.lines:
        assert find(contexts, "from-phones", line.number) == ("extensions", line.number)


@pytest.mark.parametrize("shadow", ["_1XX", "_X.", "110"])
def test_a_dialplan_in_which_something_shadows_is_refused(shadow: str) -> None:
    directory = Directory(emergency=(EmergencyNumber(EmergencyDigits("110")),))
    text = render(frame(), directory)["extensions.conf"]
    moved = text.replace("exten => 110,1,Goto(emergency,110,1)", f"exten => {shadow},1,Hangup()")
    if shadow == "110":
        moved = text.replace(
            "[from-phones]\nexten => 110,1,", "[from-phones]\ninclude => features\n;"
        )
    with pytest.raises(Refusal):
        check_emergency(moved, directory)


@given(st.text(string.digits + "*#+", min_size=1, max_size=20))
def test_whatever_is_dialled_has_an_answer(dialled: str) -> None:
    contexts = parse((Path(__file__).parent / "golden" / "extensions.conf").read_text())
    assert find(contexts, "from-phones", dialled) is not None


@given(st.text(min_size=1, max_size=30).filter(lambda t: not set(t) <= set(string.digits + "*#+")))
def test_what_no_number_has_reaches_no_extension(dialled: str) -> None:
    """So no CR, LF, `${}`, `&`, `,` or `;` can stand in EXTEN: Asterisk answers 404 before there is a channel."""
    contexts = parse((Path(__file__).parent / "golden" / "extensions.conf").read_text())
    for entry in ENTRIES:
        assert find(contexts, entry, dialled) is None
