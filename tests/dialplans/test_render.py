"""What is rendered: golden files, closed alphabets, refusals. No Asterisk runs here."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.asterisk.matcher import parse
from softswitch.asterisk.model import (
    Codes,
    Directory,
    EmergencyNumber,
    Line,
    Lockout,
    Phone,
    PhoneKind,
    Transport,
)
from softswitch.asterisk.modules import MODULES
from softswitch.asterisk.render import Frame, ha1, most_calls, render, safe_name
from softswitch.asterisk.secrets import NodeSecrets
from softswitch.asterisk.settings import NodeSettings
from softswitch.asterisk.tls import Certificate
from softswitch.errors import Refusal
from softswitch.numbers import EmergencyDigits, Extension, PhoneId, PhoneNumber

GOLDEN = Path(__file__).parent / "golden"
FORBIDDEN = "\r\n\0${}&,;|\\\"'`"


def frame(**changes: Any) -> Frame:
    values: dict[str, Any] = {
        "settings": NodeSettings(Path("/data"), external_address="192.0.2.10"),
        "secrets": NodeSecrets(ari="a" * 48, ami="b" * 48),
        "certificate": Certificate(Path("/data/tls/certificate.pem"), Path("/data/tls/key.pem")),
        "modules": Path("/prefix/modules"),
        "data": Path("/prefix/data"),
        "files": 20000,
    }
    return Frame(**{**values, **changes})


def directory(**changes: Any) -> Directory:
    sip = Phone(PhoneId("desk-1001"), "secret-1001")
    browser = Phone(PhoneId("web-1001"), "secret-web", PhoneKind.BROWSER)
    secure = Phone(PhoneId("tls-1002"), "secret-1002", transport=Transport.TLS)
    values: dict[str, Any] = {
        "lines": (
            Line(Extension("1001"), "一号席", desk=True, phones=(sip, browser)),
            Line(Extension("1002"), "Fire house", record=True, phones=(secure,)),
            Line(Extension("1003"), "No phone"),
        ),
        "gateways": (Phone(PhoneId("citizens"), "secret-gw", PhoneKind.GATEWAY),),
        "emergency": (
            EmergencyNumber(EmergencyDigits("110")),
            EmergencyNumber(EmergencyDigits("120"), 1),
        ),
        "desks": (Extension("1001"),),
        "duty_number": PhoneNumber("13900139000"),
        "outgoing": PhoneId("citizens"),
        "codes": Codes(park_last=702),
        "lockouts": (Lockout("desk-1001", "203.0.113.9"), Lockout("", "203.0.113.8")),
    }
    return Directory(**{**values, **changes})


@pytest.mark.parametrize(
    "name", ["extensions.conf", "pjsip.conf", "pjsip_transports.conf", "manager.conf", "ari.conf"]
)
def test_golden(name: str) -> None:
    """After a wanted change: SOFTSWITCH_GOLDEN=write pytest tests/dialplans, and read the difference."""
    text = render(frame(), directory())[name]
    path = GOLDEN / name
    if os.environ.get("SOFTSWITCH_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()


def test_no_secret_of_a_phone_is_written() -> None:
    text = render(frame(), directory())["pjsip.conf"]
    assert "secret-1001" not in text
    assert ha1("desk-1001", "secret-1001") in text


def test_the_digest_is_that_of_rfc_2617() -> None:
    # printf p1001:softswitch:secret1001 | md5sum
    assert ha1("p1001", "secret1001") == "8a8d4db7cac0a20f2b97d67d91e0b5c0"


def test_lockouts_are_access_lists() -> None:
    text = render(frame(), directory())["pjsip.conf"]
    assert "[lockouts]\ntype=acl\ndeny=203.0.113.8\n" in text
    account = text.split("[desk-1001]\ntype=endpoint")[1].split("[")[0]
    assert "deny=203.0.113.9\n" in account


def test_every_phone_speaks_only_what_it_should() -> None:
    text = render(frame(), directory())["pjsip.conf"]
    web = text.split("[web-1001]\ntype=endpoint")[1].split("[")[0]
    assert "webrtc=yes" in web
    assert "allow=opus,ulaw,alaw" in web
    secure = text.split("[tls-1002]\ntype=endpoint")[1].split("[")[0]
    assert "media_encryption=sdes" in secure
    assert text.count("direct_media=no") == 4
    assert text.count("max_contacts=1") == text.count("remove_existing=yes") == 4


def test_modules_that_an_asterisk_lacks_are_not_loaded() -> None:
    text = render(frame(present=frozenset(MODULES) - {"cel_custom"}), directory())["modules.conf"]
    assert "load=cel_custom" not in text
    assert "load=chan_pjsip" in text


def test_a_switch_that_copies_nothing_loads_nothing_for_it() -> None:
    silent = render(frame(), directory())
    assert "res_hep" not in silent["modules.conf"]
    assert "enabled=no" in silent["hep.conf"]
    copying = render(
        frame(settings=NodeSettings(Path("/data"), copies="127.0.0.1:9061")), directory()
    )
    assert "load=res_hep_pjsip" in copying["modules.conf"]
    assert "enabled=yes\ncapture_address=127.0.0.1:9061\n" in copying["hep.conf"]


def test_admission_stays_below_the_file_limit() -> None:
    for files in (1024, 20_000, 1_048_576):
        assert most_calls(files) * 13 < files


@given(st.text())
def test_a_caller_name_keeps_no_sign_that_means_something(name: str) -> None:
    safe = safe_name(name)
    assert not set(safe) & set(FORBIDDEN + "<>()[]=@:/%#!")
    assert len(safe) <= 40
    assert safe == safe_name(safe)


@given(st.text(), st.text(), st.text(), st.text())
def test_what_is_typed_reaches_no_file_as_it_is(
    name: str, number: str, phone: str, secret: str
) -> None:
    """Every field either is refused or keeps to its alphabet."""
    try:
        account = Phone(PhoneId(phone), secret)
        line = Line(Extension(number), name, phones=(account,))
        files = render(frame(), directory(lines=(line,), desks=()))
    except Refusal:
        return
    assert number.isdigit()
    assert set(phone) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert f'callerid="{safe_name(name)}" <{number}>\n' in files["pjsip.conf"]


EVIL = ["1\r\nx", "1\n2", "1\0", "${EXTEN}", "1&2", "1,2", "1;2", "", " 1", "1" * 50, "١٢٣"]


@pytest.mark.parametrize("text", EVIL)
def test_each_entrance_refuses(text: str) -> None:
    for make in (
        lambda: Line(Extension(text)),
        lambda: Phone(PhoneId(text), "secret-1001"),
        lambda: Phone(PhoneId("good"), text[:5] + "\n"),
        lambda: EmergencyNumber(EmergencyDigits(text)),
        lambda: directory(duty_number=PhoneNumber("x" + text)),
        lambda: Codes(pickup=text),
        lambda: Codes(park=text),
        lambda: Lockout("good", text),
        lambda: Lockout(text or "-", "192.0.2.1"),
    ):
        with pytest.raises(Refusal):
            make()


@pytest.mark.parametrize("sign", [*" ,;$&|'()[]{}<>", '"', "\\", "\n", "\0"])
def test_a_data_folder_that_would_mean_something_in_the_dialplan_is_refused(sign: str) -> None:
    with pytest.raises(Refusal) as refused:
        NodeSettings(Path(f"/data/a{sign}b"))
    assert refused.value.field == "data"


@pytest.mark.parametrize(
    "changes",
    [
        {"bind": "nowhere"},
        {"sip_port": 0},
        {"sip_port": 70000},
        {"sips_port": 5060},
        {"rtp_last": 10001},
        {"external_address": "::1"},
        {"local_networks": ("10.0.0.0/40",)},
    ],
)
def test_settings_that_cannot_be_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Refusal):
        NodeSettings(Path("/data"), **changes)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lines": (Line(Extension("110")),)}, "number_taken"),
        ({"lines": (Line(Extension("700")),)}, "number_taken"),
        ({"lines": (Line(Extension("701")),)}, "number_taken"),
        ({"lines": (Line(Extension("8001")), Line(Extension("88001")))}, "number_taken"),
        ({"lines": (Line(Extension("1001")), Line(Extension("1001")))}, "number_taken"),
        ({"desks": (Extension("9999"),)}, "unknown_desk"),
        ({"outgoing": PhoneId("nobody")}, "unknown_gateway"),
        ({"duty_number": PhoneNumber("138 0000-0000")}, "bad_number"),
        ({"duty_number": PhoneNumber("１３８００")}, "bad_number"),
        (
            {"gateways": (Phone(PhoneId("desk-1001"), "secret-x", PhoneKind.GATEWAY),)},
            "phone_taken",
        ),
        (
            {"gateways": (Phone(PhoneId("global"), "secret-x", PhoneKind.GATEWAY),)},
            "reserved_phone_id",
        ),
        ({"gateways": (Phone(PhoneId("plain"), "secret-x"),)}, "bad_phone_kind"),
    ],
)
def test_a_directory_that_cannot_be_is_refused(changes: dict[str, Any], code: str) -> None:
    values = {"desks": (), "outgoing": None, **changes}
    if "lines" not in values and code != "unknown_desk":
        values["desks"] = (Extension("1001"),)
    with pytest.raises(Refusal) as refused:
        directory(**values)
    assert refused.value.code == code


def test_many_desks_are_rung_in_groups_that_fit_a_line() -> None:
    lines = tuple(
        Line(
            Extension(str(2000 + n)),
            desk=True,
            phones=(Phone(PhoneId(f"p{'x' * 25}{n}"), "secret-x"),),
        )
        for n in range(100)
    )
    desks = tuple(line.number for line in lines)
    text = render(frame(), directory(lines=lines, desks=desks))["extensions.conf"]
    tail = text.split("[emergency]")[1].split("[extensions]")[0]
    assert all(
        tail.count(f"PJSIP/p{'x' * 25}{n}&") + tail.count(f"PJSIP/p{'x' * 25}{n},") == 2
        for n in range(100)
    )
    assert max(map(len, tail.splitlines())) < 2000


def test_without_desks_and_duty_the_tail_still_asks_dispatch_again() -> None:
    text = render(frame(), directory(desks=(), duty_number=None))["extensions.conf"]
    tail = text.split("[emergency]")[1].split("[extensions]")[0]
    assert "Dial(" not in tail
    assert "Goto(dispatch)" in tail
    assert tail.count("Wait(1)") == 2


def test_the_journal_line_comes_before_anything_else_is_tried() -> None:
    text = render(frame(), directory())["extensions.conf"]
    steps = text.split("[emergency]")[1].split("[extensions]")[0]
    order = ["CELGenUserEvent", "MixMonitor", "Ringing", "Stasis", "Dial("]
    assert [steps.index(step) for step in order] == sorted(steps.index(step) for step in order)


def test_every_goto_and_gosub_leads_somewhere() -> None:
    text = render(frame(), directory())["extensions.conf"]
    contexts = parse(text)
    targets = re.findall(r"(?:Goto|Gosub)\(([a-z-]+),([^,]+),1", text)
    assert targets
    for context, exten in targets:
        assert context in contexts, context
        names = contexts[context].extensions
        assert exten in names or exten.startswith("$"), (context, exten)
    for context in contexts.values():
        assert set(context.includes) <= set(contexts)


def test_a_line_that_is_too_long_for_asterisk_is_refused() -> None:
    phones = tuple(Phone(PhoneId(f"p{'x' * 25}{n}"), "secret-x") for n in range(200))
    with pytest.raises(Refusal) as refused:
        render(frame(), directory(lines=(Line(Extension("1001"), phones=phones),)))
    assert refused.value.code == "bad_configuration"


def test_rendering_depends_on_nothing_but_its_input() -> None:
    assert render(frame(), directory()) == render(frame(), replace(directory()))
