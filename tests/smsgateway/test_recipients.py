"""CSV of recipients in a stream, numbers, and areas on the map: what is good, what is told of the rest."""

from __future__ import annotations

import contextlib
import io
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.recipients.area import EARTH_RADIUS, area_of, circle
from smsgateway.recipients.mobile import find_mobile, international, mobile, own_form, sender
from smsgateway.recipients.rows import BadRow, Batch, Person, batches
from softswitch.errors import Refusal

SQUARE = [[104.7, 29.3], [104.8, 29.3], [104.8, 29.4], [104.7, 29.4], [104.7, 29.3]]


def read(data: bytes, **more: Any) -> Batch:
    whole = Batch()
    for batch in batches(io.BytesIO(data), **more):
        whole.people += batch.people
        whole.bad += batch.bad
    return whole


def refusal(data: bytes, **more: Any) -> str:
    with pytest.raises(Refusal) as caught:
        read(data, **more)
    return caught.value.code


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("13800138000", "13800138000"),
        ("+86 138-0013-8000", "13800138000"),
        ("008613800138000", "13800138000"),
        ("8613800138000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("＋８６（１３８）０013－8000", "13800138000"),
        ("\ufeff138\u00a00013\u200b8000", "13800138000"),
        ("13800138000.0", "13800138000"),
        ("+14155550123", "+14155550123"),
        ("0014155550123", "+14155550123"),
        ("12800138000", None),
        ("1380013800", None),
        ("0813-8100119", None),
        ("+86 0813 8100119", None),
        ("1.38E+10", None),
        ("", None),
        ("x" * 1000, None),
        ("13800138000\r\nAction: Originate", None),
    ],
)
def test_one_form_of_a_number(written: str, number: str | None) -> None:
    assert find_mobile(written) == number
    if number is None:
        with pytest.raises(Refusal, match="short message"):
            mobile(written)
    else:
        assert own_form(international(number)) == number


def test_who_writes_is_known_in_any_form() -> None:
    assert {sender(form) for form in ("13800138000", "8613800138000", "+8613800138000")} == {
        "13800138000"
    }
    assert sender("4915112345678") == "+4915112345678"
    assert sender("10086") == "10086"


@given(st.text(max_size=50))
def test_no_text_breaks_the_door(text: str) -> None:
    found = find_mobile(text)
    assert found is None or international(found).isdigit()


def test_columns_in_any_order_and_language() -> None:
    text = "姓名,手机号,经度,纬度,区域,备注\n李明,13800138000,104.77,29.35,自流井区,x\n"
    fields = (("备注", "x"),)
    person = Person("13800138000", "李明", "自流井区", 104.77, 29.35, fields)
    for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16"):
        assert read(text.encode(encoding)).people == [person], encoding


def test_a_file_without_a_heading_is_numbers() -> None:
    assert read(b"13800138000\n13800138001,Li\n").people == [
        Person("13800138000"),
        Person("13800138001", "Li"),
    ]


def test_each_bad_row_is_told_with_its_line() -> None:
    rows = [
        b"number,name,longitude,latitude",
        b"13800138000,ok,,",
        b"1380013,short,,",
        b'1.38E+10,"two\nlines",,',
        b"13800138001,x,200,10",
        b"13800138002,x,north,10",
        b",nobody,,",
        b"",
        b"13800138003,\xff\xfe\xfa,,",
        b"13800138004," + b"y" * 65 + b",,",
        b"'13800138005,fine,,",
    ]
    found = read(b"\n".join(rows))
    assert [person.number for person in found.people] == ["13800138000", "13800138005"]
    assert [(bad.line, bad.why) for bad in found.bad] == [
        (3, "not_mobile"),
        (4, "rounded"),
        (6, "bad_position"),
        (7, "bad_position"),
        (8, "empty"),
        (10, "bad_encoding"),
        (11, "too_long"),
    ]
    assert found.bad[0] == BadRow(3, "not_mobile", "1380013")


def test_formula_cells_are_neutral() -> None:
    found = read(b'number,name\n13800138000,"=cmd|x"\n13800138001,@SUM(1)\n=1+1,x\n')
    assert [person.name for person in found.people] == ["cmd|x", "SUM(1)"]
    assert found.bad[0].cell == "1+1"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "bad_csv"),
        (b"name\nx\n", "bad_csv"),
        (b"number,\xe6\x89\x8b\xe6\x9c\xba\n", "bad_csv"),
        (b'number\n"13800138000', "bad_csv"),
        (b"number\n" + b"x" * 70_000, "bad_csv"),
        (b"PK\x03\x04" + b"\0" * 100, "archive"),
        (b"\x1f\x8b\x08\x00", "archive"),
        (b"\0\1\2\3", "bad_encoding"),
    ],
)
def test_a_file_that_is_no_csv_is_refused(data: bytes, code: str) -> None:
    assert refusal(data) == code


def test_more_rows_than_allowed() -> None:
    assert refusal(b"number\n" + b"13800138000\n" * 11, most_rows=10) == "too_many_rows"


class Endless(io.RawIOBase):
    """A file of any length that is on no disk."""

    def __init__(self, rows: int) -> None:
        self.rest = self.pieces(rows)
        self.kept = b""

    @staticmethod
    def pieces(rows: int) -> Iterator[bytes]:
        yield b"number,name,area\n"
        for first in range(0, rows, 1000):
            yield b"".join(b"138%08d,Li Ming,A\n" % (first + i) for i in range(1000))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.kept = self.kept or next(self.rest, b"")
        count = min(len(buffer), len(self.kept))
        buffer[:count] = self.kept[:count]
        self.kept = self.kept[count:]
        return count


def test_memory_does_not_grow_with_the_file() -> None:
    def peak(rows: int) -> int:
        tracemalloc.start()
        count = sum(len(batch.people) for batch in batches(io.BufferedReader(Endless(rows)), 1000))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert count == rows
        return found

    peak(5_000)  # what is loaded once
    small = peak(10_000)
    assert peak(30_000) < small * 1.2


def test_who_is_inside() -> None:
    area = area_of({"type": "Polygon", "coordinates": [SQUARE]})
    assert area.bounds == (104.7, 29.3, 104.8, 29.4)
    assert list(area.inside([104.75, 104.9, 104.7], [29.35, 29.35, 29.3])) == [True, False, True]
    hole = [[104.74, 29.34], [104.76, 29.34], [104.76, 29.36], [104.74, 29.36], [104.74, 29.34]]
    ring = area_of({"type": "Polygon", "coordinates": [SQUARE, hole]})
    assert list(ring.inside([104.75, 104.71], [29.35, 29.31])) == [False, True]
    both = area_of(
        {
            "type": "FeatureCollection",
            "features": [
                {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [SQUARE]}},
                {
                    "type": "Feature",
                    "geometry": {"type": "MultiPolygon", "coordinates": [[SQUARE]]},
                },
            ],
        }
    )
    assert both.as_geojson()["type"] == "Polygon"


def test_a_circle_encloses_its_radius() -> None:
    area = circle(104.77, 29.35, 1000.0)
    degree = EARTH_RADIUS * 3.141592653589793 / 180
    inside, outside = 29.35 + 999 / degree, 29.35 + 1003 / degree
    assert list(area.inside([104.77, 104.77], [inside, outside])) == [True, False]


BOW = [[104.7, 29.3], [104.8, 29.4], [104.8, 29.3], [104.7, 29.4], [104.7, 29.3]]
PACIFIC = [[179.0, 0], [-179.0, 0], [-179.0, 1], [179.0, 1], [179.0, 0]]


def poly(ring: object, **more: object) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": [ring], **more}


@pytest.mark.parametrize(
    ("geojson", "code"),
    [
        (poly(BOW), "crossing_polygon"),
        (poly(PACIFIC), "date_line"),
        (poly([[29.3, 104.7], [29.4, 104.7], [29.4, 104.8], [29.3, 104.7]]), "bad_coordinates"),
        (poly([[3e6, 4e6], [3e6, 5e6], [4e6, 5e6], [3e6, 4e6]]), "bad_coordinates"),
        (poly([[float("nan"), 1], [2, 2], [3, 1], [float("nan"), 1]]), "bad_coordinates"),
        (
            poly(SQUARE, crs={"type": "name", "properties": {"name": "EPSG:3857"}}),
            "bad_coordinates",
        ),
        (poly(SQUARE[:4]), "bad_geojson"),
        (poly([[1, 1], [2, 2], [3, 3], [1, 1]]), "crossing_polygon"),
        (poly([["a", 1], [2, 2], [3, 1], ["a", 1]]), "bad_geojson"),
        (poly([[True, 1], [2, 2], [3, 1], [True, 1]]), "bad_geojson"),
        ({"type": "Point", "coordinates": [1, 2]}, "bad_geojson"),
        ({"type": "Polygon", "coordinates": []}, "empty_area"),
        ({"type": "FeatureCollection", "features": []}, "empty_area"),
        ({"type": "Polygon"}, "bad_geojson"),
        ("polygon", "bad_geojson"),
        (None, "bad_geojson"),
        ({"type": "Feature", "geometry": None}, "bad_geojson"),
    ],
)
def test_an_area_that_is_none_is_refused(geojson: object, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        area_of(geojson)
    assert caught.value.code == code


def test_swapped_coordinates_are_named() -> None:
    with pytest.raises(Refusal) as caught:
        area_of(poly([[29.3, 104.7], [29.4, 104.7], [29.4, 104.8], [29.3, 104.7]]))
    assert caught.value.next_step == "Give longitude, then latitude."


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ((104, 29, 0), "empty_area"),
        ((179.999, 29, 9000), "date_line"),
        ((0, 89.99, 9000), "date_line"),
    ],
)
def test_a_circle_that_is_none_is_refused(where: tuple[float, float, float], code: str) -> None:
    with pytest.raises(Refusal) as caught:
        circle(*where)
    assert caught.value.code == code


@given(
    st.recursive(
        st.none() | st.floats() | st.text(max_size=9), lambda inner: st.lists(inner, max_size=4)
    )
)
def test_no_coordinates_break_the_door(coordinates: object) -> None:
    with contextlib.suppress(Refusal):
        area_of({"type": "MultiPolygon", "coordinates": coordinates})
