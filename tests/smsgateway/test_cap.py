"""CAP in and out: valid by the schema or refused with the line, no entity followed, areas as they were drawn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.cap.model import (
    Alert,
    Circle,
    Info,
    Kind,
    Place,
    Reference,
    Status,
    message_of,
    urgent,
)
from smsgateway.cap.places import area_of_places, place_of_area
from smsgateway.cap.read import instant, parse
from smsgateway.cap.write import cap_time, document
from softswitch.errors import Refusal

RING = ((29.3, 104.7), (29.3, 104.8), (29.4, 104.8), (29.4, 104.7), (29.3, 104.7))
INFO = Info(
    event="暴雨", urgency="Immediate", severity="Extreme", certainty="Observed", language="zh-CN",
    categories=("Met", "Safety"), headline="暴雨红色预警", description="三小时内降雨达到100毫米。",
    instruction="低洼处人员立即转移", expires=1_800_000_000_000,
    places=(Place("自流井区", (RING,), (Circle(29.35, 104.9, 2.5),)),),
)  # fmt: skip
ALERT = Alert(
    "CN-1", "zigong@example.cn", "2026-11-22T18:30:00+08:00", Status.ACTUAL, Kind.UPDATE,
    references=(Reference("zigong@example.cn", "CN-0", "2026-11-22T17:30:00+08:00"),), infos=(INFO,),
)  # fmt: skip


def refused(data: bytes) -> str:
    with pytest.raises(Refusal) as caught:
        parse(data)
    assert caught.value.code == "bad_cap"
    return caught.value.message


def changed(old: str, new: str) -> bytes:
    text = document(ALERT).decode()
    assert old in text
    return text.replace(old, new).encode()


def test_an_alert_comes_back_equal() -> None:
    assert parse(document(ALERT)) == ALERT


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("kind", Kind)
def test_every_status_and_kind_is_valid(status: Status, kind: Kind) -> None:
    alert = Alert("a", "b", ALERT.sent, status, kind, references=ALERT.references)
    assert parse(document(alert)) == alert


def test_what_the_schema_refuses_is_told_with_its_line() -> None:
    message = refused(changed("<severity>Extreme</severity>", "<severity>Awful</severity>"))
    assert "Line 16" in message
    assert "severity" in message
    refused(changed("<status>Actual</status>", ""))
    refused(changed("18:30:00+08:00", "18:30:00Z"))  # the schema wants an offset
    refused(changed("cap:1.2", "cap:1.1"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<identifier>CN-1", "<identifier>CN 1"),
        ("<sender>zigong", "<sender>a,b"),
        ("<references>zigong@example.cn,CN-0,2026-11-22T17:30:00+08:00", "<references>before"),
        ("29.3,104.7 29.3,104.8", "29.3,104.7 north,104.8"),
        ("29.4,104.7 29.3,104.7</polygon>", "29.4,104.7</polygon>"),
        ("2026-11-22T18:30:00+08:00</sent>", "2026-13-22T18:30:00+08:00</sent>"),
        (" 2.5</circle>", "</circle>"),
    ],
)
def test_what_only_the_standard_forbids_is_refused_too(old: str, new: str) -> None:
    refused(changed(old, new))


BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;&x;">]>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>&y;</identifier></alert>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>&x;</identifier></alert>"""


@pytest.mark.parametrize("data", [BOMB, OUTSIDE])
def test_a_document_type_is_refused(data: bytes) -> None:
    assert "document type" in refused(data)


@pytest.mark.parametrize("data", [b"", b"<", b"\0\1", b"<alert/>", b"x" * 1_000_000, b"<a>" * 5000])
def test_what_is_no_cap_is_refused(data: bytes) -> None:
    refused(data)


@given(st.binary(max_size=300))
def test_no_octets_break_the_door(data: bytes) -> None:
    refused(data)


def test_times() -> None:
    assert instant("2026-11-22T18:30:00+08:00") == instant("2026-11-22T10:30:00-00:00")
    assert instant("2026-11-22T18:30:00") is None
    assert instant(cap_time(1_800_000_000_000)) == 1_800_000_000_000


def test_areas_are_where_they_were_drawn() -> None:
    area = area_of_places(INFO.places)
    assert area is not None
    assert list(area.inside([104.75, 104.9, 104.95], [29.35, 29.37, 29.35])) == [True, True, False]
    alone = area_of_places([Place("x", (RING,))])
    assert alone is not None
    assert set(place_of_area(alone, "x").polygons[0]) == set(RING)
    assert area_of_places([Place("words only")]) is None


def test_the_text_for_phones() -> None:
    assert message_of(INFO, 500) == "暴雨红色预警。低洼处人员立即转移。三小时内降雨达到100毫米。"
    assert message_of(INFO, 20) == "暴雨红色预警。低洼处人员立即转移"
    assert message_of(INFO, 4) == "暴雨红色"
    english = Info(
        "Flood", "Future", "Minor", "Likely", headline="Flood watch", instruction="Stay up."
    )
    assert message_of(english, 500) == "Flood watch. Stay up."
    assert urgent([INFO])
    assert not urgent([english])
    assert ALERT.info() is INFO
    both = Alert("a", "b", ALERT.sent, Status.ACTUAL, Kind.ALERT, infos=(english, INFO))
    assert both.info("zh") is INFO
    assert both.info("fr") is english
