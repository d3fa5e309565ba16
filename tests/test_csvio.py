"""CSV in and out: what spreadsheets make of it, and what people type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch import csvio
from softswitch.csvio import Report, RowStatus, read_rows, write_rows
from softswitch.errors import Kind, Refusal, invalid

BOTH = ("number", "name")


def refused(data: bytes) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read_rows(data, required=("number",), optional=("name",))
    return caught.value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_text_comes_in_the_encodings_that_spreadsheets_write(encoding: str) -> None:
    rows = read_rows("number,name\r\n1001,值班长\r\n".encode(encoding), required=BOTH)
    assert [(row.line, dict(row.cells)) for row in rows] == [
        (2, {"number": "1001", "name": "值班长"})
    ]


@pytest.mark.parametrize("data", [b"\xff\xff\xff", b"number\n\x00", b"\xff\xfe\x00"])
def test_what_is_no_text_is_refused(data: bytes) -> None:
    assert refused(data).code == "bad_encoding"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "column number is missing"),
        (b"name\nx\n", "column number is missing"),
        (b"number,colour\n", "'colour' is not known"),
        (b"number,number\n", "named twice"),
        (b"number\n1,2\n", "Line 2 has 2 cells for 1 columns"),
        (b'number\n"1\n', "Line 2"),
        (b'number\n"1"x\n', "Line 2"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(data: bytes, said: str) -> None:
    error = refused(data)
    assert error.code == "bad_csv"
    assert said in error.message


def test_lines_are_counted_as_an_editor_shows_them() -> None:
    data = b'NUMBER , name\n\n1,"two\nlines"\n,,\n2,x\n'.replace(b",,", b",")
    rows = read_rows(data, required=BOTH)
    assert [(row.line, row.get("number")) for row in rows] == [(3, "1"), (6, "2")]


def test_short_rows_have_empty_cells() -> None:
    (row,) = read_rows(b"number,name\n1\n", required=BOTH)
    assert (row.get("name"), row.get("name", "nobody")) == ("", "nobody")


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csvio, "MOST_BYTES", 20)
    assert refused(b"number\n" + b"1\n" * 20).kind is Kind.TOO_LARGE
    monkeypatch.undo()
    monkeypatch.setattr(csvio, "MOST_ROWS", 3)
    assert refused(b"number\n" + b"1\n" * 4).code == "too_many_rows"


@pytest.mark.parametrize("formula", ["=1+1", "+cmd|x", "-1", "@SUM(A1)", "\t=1", "'quoted"])
def test_no_cell_goes_out_as_a_formula(formula: str) -> None:
    text = write_rows(BOTH, [{"number": "1", "name": formula}]).decode("utf-8-sig")
    cell = text.splitlines()[1].partition(",")[2].strip('"')
    assert cell == f"'{formula}"


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n")).map(
    str.strip
)


@given(st.lists(st.tuples(cells.filter(bool), cells), max_size=6))
def test_what_goes_out_comes_back(values: list[tuple[str, str]]) -> None:
    data = write_rows(BOTH, [dict(zip(BOTH, pair, strict=True)) for pair in values])
    rows = read_rows(data, required=BOTH)
    assert [(row.get("number"), row.get("name")) for row in rows] == values


@given(st.binary(max_size=200))
def test_any_bytes_are_rows_or_refused(data: bytes) -> None:
    try:
        rows = read_rows(b"number\n" + data, required=("number",))
    except Refusal as error:
        code = error.code
    else:
        assert all(row.line >= 2 and set(row.cells) <= {"number"} for row in rows)
        return
    assert code in {"bad_csv", "bad_encoding"}


def test_a_report_counts_and_says_why() -> None:
    report = Report()
    report.add(2, RowStatus.ADDED, "1001")
    report.refuse(3, "x", invalid("bad_number", "x is no number.", "Give digits."))
    assert report.as_json() == {
        "rows": [
            {"line": 2, "status": "added", "key": "1001", "message": None},
            {
                "line": 3,
                "status": "refused",
                "key": "x",
                "message": "x is no number. Give digits.",
                "message_zh": "x 不是号码。请填数字。",
            },
        ],
        "added": 1,
        "changed": 0,
        "unchanged": 0,
        "refused": 1,
    }


def test_values_of_other_types_are_written_plainly() -> None:
    data = write_rows(("a", "b", "c"), [{"a": None, "b": True, "c": 5}])
    assert data.decode("utf-8-sig").splitlines()[1] == ",1,5"
