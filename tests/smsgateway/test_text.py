"""Alphabets, parts, preview, templates and signatures, against the numbers of the standards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.model import Coding
from smsgateway.text.alphabet import BASIC, EXTENSION, National, decode, septets
from smsgateway.text.headers import PartOf, split, text_of
from smsgateway.text.preview import preview
from smsgateway.text.segments import Encoded, Joining, encode
from smsgateway.text.signature import signature, signed, spoken
from smsgateway.text.templates import FieldKind, parse
from softswitch.errors import Refusal


def back(encoded: Encoded) -> str:
    """What a phone that knows nothing of our encoder reads."""
    texts = []
    for part in encoded.parts:
        received = split(part.short_message, bool(part.header))
        texts.append(text_of(received, int(encoded.coding)))
    return "".join(texts)


def refused(text: str, **more: object) -> Refusal:
    with pytest.raises(Refusal) as caught:
        encode(text, **more)  # type: ignore[arg-type]
    return caught.value


def test_the_alphabet_has_the_codes_of_the_standard() -> None:
    assert (BASIC["@"], BASIC["Δ"], BASIC["A"], BASIC["a"], BASIC["ü"]) == (
        0,
        0x10,
        0x41,
        0x61,
        0x7E,
    )
    assert len(BASIC) == 127
    assert septets("€") == b"\x1b\x65"
    assert septets("中") is None
    assert decode(b"".join(septets(letter) or b"" for letter in [*BASIC, *EXTENSION])) == "".join(
        [*BASIC, *EXTENSION]
    )


@pytest.mark.parametrize(
    ("text", "coding", "parts", "left"),
    [
        ("a" * 160, Coding.GSM7, 1, 0),
        ("a" * 161, Coding.GSM7, 2, 145),
        ("a" * 306, Coding.GSM7, 2, 0),
        ("a" * 307, Coding.GSM7, 3, 152),
        ("€" * 80, Coding.GSM7, 1, 0),
        ("€" * 81, Coding.GSM7, 2, 143),  # 76 in the first: an escaped character is not cut
        ("中" * 70, Coding.UCS2, 1, 0),
        ("中" * 71, Coding.UCS2, 2, 63),
        ("中" * 133, Coding.UCS2, 2, 1),
        ("😀" * 35, Coding.UCS2, 1, 0),
        ("😀" * 36, Coding.UCS2, 2, 61),  # 33 pairs are 66 of 67 units: no pair is cut
        ("中" * 670, Coding.UCS2, 10, 0),
    ],
)
def test_lengths(text: str, coding: Coding, parts: int, left: int) -> None:
    encoded = encode(text)
    assert (encoded.coding, encoded.count, encoded.left) == (coding, parts, left)
    assert back(encoded) == text


def test_the_bytes_of_a_chinese_text_of_133() -> None:
    first, second = encode("中" * 133, reference=0x1AB).parts
    assert first.header == bytes.fromhex("050003ab0201")
    assert second.header == bytes.fromhex("050003ab0202")
    assert first.octets == bytes.fromhex("4e2d") * 67
    assert len(first.short_message) == 140


def test_a_reference_of_16_bits_takes_one_octet_more() -> None:
    encoded = encode("a" * 161, joining=Joining.UDH16, reference=0x1AB)
    assert encoded.parts[0].header == bytes.fromhex("06080401ab0201")
    assert len(encoded.parts[0].octets) == 152
    assert back(encoded) == "a" * 161
    assert len(encode("中" * 71, joining=Joining.UDH16).parts[0].octets) == 132


def test_a_payload_is_one_pdu_and_still_paid_by_the_part() -> None:
    encoded = encode("中" * 133, joining=Joining.PAYLOAD)
    assert (len(encoded.parts), encoded.count) == (1, 2)
    assert encoded.parts[0].short_message == "中".encode("utf-16-be") * 133


def test_the_body_is_what_the_gateway_sends() -> None:
    body = encode("中" * 71).body()
    assert (body.coding, body.headed, body.as_payload) == (Coding.UCS2, True, False)
    assert list(map(len, body.parts)) == [140, 14]
    assert not encode("中").body().headed
    assert encode("中" * 71, joining=Joining.PAYLOAD).body().as_payload


def test_a_national_table_is_named_only_where_it_is_needed() -> None:
    turkish = encode("ğ" * 10, national=National.TURKISH)
    assert turkish.coding is Coding.GSM7
    assert turkish.parts[0].header == bytes.fromhex("03240101")
    assert back(turkish) == "ğ" * 10
    assert encode("plain", national=National.TURKISH).parts[0].header == b""
    assert encode("ğ").coding is Coding.UCS2
    assert encode("中ğ", national=National.TURKISH).coding is Coding.UCS2
    assert back(encode("ğ" * 100, national=National.TURKISH)) == "ğ" * 100


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=300))
def test_every_text_comes_back(text: str) -> None:
    if not text.strip() or any(ord(letter) & 0xFFFE == 0xFFFE for letter in text):
        return
    for joining in (Joining.UDH8, Joining.UDH16):
        encoded = encode(text, joining=joining)
        assert back(encoded) == text
        for part in encoded.parts:
            if encoded.coding is Coding.UCS2:
                assert len(part.short_message) <= 140
                part.octets.decode("utf-16-be")  # strict: no half of a pair
            else:
                assert len(part.octets) <= 160


@given(st.binary(max_size=160), st.booleans(), st.integers(0, 255))
def test_no_octets_that_come_in_break_the_reader(octets: bytes, header: bool, coding: int) -> None:
    assert isinstance(text_of(split(octets, header), coding), str)


def test_a_place_that_makes_no_sense_is_passed_over() -> None:
    assert split(bytes.fromhex("050003070201") + b"x", True).part_of == PartOf(7, 2, 1)
    assert split(bytes.fromhex("050003070203") + b"x", True).part_of is None
    assert split(bytes.fromhex("050003070000") + b"x", True).part_of is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "sms_no_text"),
        (" \n ", "sms_no_text"),
        ("a\0b", "bad_character"),
        ("a\x1bb", "bad_character"),
        ("\ud83d", "bad_character"),
        ("\uffff", "bad_character"),
        ("中" * 2000, "text_too_long"),
        ("中" * 671, "text_too_long"),
        ("a" * 1531, "text_too_long"),
    ],
)
def test_what_cannot_be_sent_is_refused(text: str, code: str) -> None:
    assert refused(text).code == code


def test_the_preview_counts_and_names_what_is_dear() -> None:
    seen = preview("中" * 133, recipients=1000, price=35)
    assert (seen.parts, seen.messages, seen.cost, seen.forced_by) == (2, 2000, 70_000, "")
    assert preview("It’s " + "a" * 100).forced_by == "’"
    assert preview("It’s short").forced_by == ""  # one part either way


def test_a_signature_stands_once_before_the_text() -> None:
    assert signature(" 【自贡应急】") == "自贡应急"
    assert signed("请撤离", "自贡应急") == "【自贡应急】请撤离"
    assert signed("【自贡应急】请撤离", "自贡应急") == "【自贡应急】请撤离"
    assert signed("大促", "某店", opt_out=True) == "【某店】大促，拒收请回复R"
    assert signed("大促！拒收请回复R", "某店", opt_out=True) == "【某店】大促！拒收请回复R"
    assert signed("请撤离", "") == "请撤离"

    for bad in ("【a】", "x" * 21, "a】b", "a\nb"):
        with pytest.raises(Refusal, match="signature"):
            signature(bad)
    with pytest.raises(Refusal) as caught:
        signed("见【附件】", "自贡应急")
    assert caught.value.code == "signature_twice"


@pytest.mark.parametrize(("sign", "opt_out"), [("", False), ("某店", False), ("某店", True)])
def test_a_voice_says_the_text_alone(sign: str, opt_out: bool) -> None:
    assert spoken(signed("请到2号桌。", sign, opt_out=opt_out)) == "请到2号桌。"


def test_a_template_is_filled_by_type() -> None:
    template = parse(
        "{level:红|橙}色预警：{place}将于{at:time}前后{mm:number}毫米，{place}注意 {{x}}"
    )
    assert [(field.name, field.kind) for field in template.fields] == [
        ("level", FieldKind.CHOICE),
        ("place", FieldKind.TEXT),
        ("at", FieldKind.TIME),
        ("mm", FieldKind.NUMBER),
    ]
    values = {"level": "红", "place": "自流井", "at": "18:30", "mm": "50"}
    assert template.fill(values) == "红色预警：自流井将于18:30前后50毫米，自流井注意 {x}"
    for name, value, code in (
        ("level", "绿", "bad_field"),
        ("at", "25:00", "bad_field"),
        ("mm", "many", "bad_field"),
        ("place", " ", "field_missing"),
        ("place", "x" * 201, "bad_field"),
        ("nobody", "x", "field_unknown"),
    ):
        with pytest.raises(Refusal) as caught:
            template.fill({**values, name: value})
        assert caught.value.code == code, name


@pytest.mark.parametrize(
    "text", ["{", "}", "{}", "{1x}", "{a:b}", "{a:number}{a:time}", "x" * 1600]
)
def test_what_is_no_template_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        parse(text)
    assert caught.value.code == "bad_template"
