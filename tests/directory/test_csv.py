"""CSV in and out: a report for each row, a dry run that changes nothing, a hundred thousand rows."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import Connection, text

from softswitch.access.model import Actor
from softswitch.directory.importing import export_registry, import_registry
from softswitch.directory.registry import RegistryService
from softswitch.directory.service import DirectoryService
from softswitch.store.database import Database
from tests.directory.conftest import acts

EXTENSIONS = """number,name,kind,skills,phones
1001,一号台,desk,fire medical,1001-sip 1001-web:browser
1002,二号台,desk,,
2001,"巡警, 一组",phone,,2001-sip:sip:tcp
120,bad,phone,,
2001,twice,phone,,
2002,bad phone,phone,,2001-sip
2003,bad kind,fax,,
2004,bad transport,phone,,2004-sip:sip:ws
12a,bad number,phone,,
"""


async def _import(http: httpx.AsyncClient, what: str, body: str, query: str = "") -> dict:
    answer = await http.post(
        f"/api/{what}/import{query}", content=body, headers={"Content-Type": "text/csv"}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_each_row_of_extensions_gets_its_report(http: httpx.AsyncClient) -> None:
    report = await _import(http, "extensions", EXTENSIONS)
    assert [(row["line"], row["status"]) for row in report["rows"]] == [
        (2, "added"),
        (3, "added"),
        (4, "added"),
        *((line, "refused") for line in range(5, 11)),
    ]
    assert (report["added"], report["refused"]) == (3, 6)
    assert "shadowed" in report["rows"][3]["message"]
    assert "line 4" in report["rows"][4]["message"]
    assert "belongs to 2001" in report["rows"][5]["message"]
    listed = (await http.get("/api/extensions")).json()
    shown = {each["number"]: each for each in listed["extensions"]}
    assert sorted(shown) == ["1001", "1002", "2001"]
    assert shown["1001"]["skills"] == ["fire", "medical"]
    assert [phone["transport"] for phone in shown["1001"]["phones"]] == ["udp", "ws"]
    assert (shown["1001"]["position"], shown["1002"]["position"]) == (1, 2)
    assert shown["2001"]["name"] == "巡警, 一组"


async def test_a_file_of_several_batches_is_one_file(http: httpx.AsyncClient, db: Database) -> None:
    lines = [f"{3000 + n},N{n},{3000 + n}-sip" for n in range(700)]
    report = await _import(http, "extensions", "\n".join(["number,name,phones", *lines, lines[0]]))
    assert (report["added"], report["refused"]) == (700, 1)
    assert report["rows"][-1]["message"].startswith("3000 stands in line 2 already.")
    assert [act for _, act, _ in await acts(db)] == ["extension.imported"] * 2


async def test_a_phone_that_stands_in_a_row_twice(http: httpx.AsyncClient) -> None:
    report = await _import(http, "extensions", "number,phones\n3001,x1 x1:sip:tcp\n3002,x1\n")
    assert [row["status"] for row in report["rows"]] == ["refused", "added"]


async def test_a_dry_run_reports_the_same_and_changes_nothing(
    http: httpx.AsyncClient, db: Database
) -> None:
    dry = await _import(http, "extensions", EXTENSIONS, "?dry_run=1")
    assert (await http.get("/api/extensions")).json() == {"extensions": []}
    assert await acts(db) == []
    assert await _import(http, "extensions", EXTENSIONS) == dry


async def test_what_was_exported_comes_back_unchanged(http: httpx.AsyncClient) -> None:
    await _import(http, "extensions", EXTENSIONS)
    exported = (await http.get("/api/extensions/export.csv")).text
    report = await _import(http, "extensions", exported)
    assert (report["unchanged"], report["added"], report["changed"], report["refused"]) == (
        3,
        0,
        0,
        0,
    )


async def test_a_missing_column_leaves_what_is_there(http: httpx.AsyncClient) -> None:
    await _import(http, "extensions", EXTENSIONS)
    before = (await http.get("/api/extensions/1001")).json()
    report = await _import(http, "extensions", "number,name\n1001,新名\n")
    assert report["changed"] == 1
    assert (await http.get("/api/extensions/1001")).json() == {**before, "name": "新名"}


async def test_new_phones_of_an_import_have_secrets_of_their_own(
    http: httpx.AsyncClient, directory: DirectoryService
) -> None:
    await _import(http, "extensions", EXTENSIONS)
    secrets = [phone.secret for phone in directory.snapshot().phones]
    assert len(set(secrets)) == 3
    assert min(map(len, secrets)) >= 20


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("name\nx\n", "bad_csv"),
        ("number,color\n1001,red\n", "bad_csv"),
        ('number\n"1001\n', "bad_csv"),
        ("number\n1001,2,3\n", "bad_csv"),
        ("", "bad_csv"),
    ],
)
async def test_files_that_cannot_be_read(http: httpx.AsyncClient, body: str, code: str) -> None:
    answer = await http.post("/api/extensions/import", content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)


async def test_registry_rows(http: httpx.AsyncClient) -> None:
    rows = "number,name,address\n+8613800000000,张伟,大安区\n013800000000,twice,\n-,nobody,\n2205566,,\n"
    report = await _import(http, "registry", rows)
    assert [(row["line"], row["status"], row["key"]) for row in report["rows"]] == [
        (2, "added", "13800000000"),
        (3, "refused", "13800000000"),
        (4, "refused", "-"),
        (5, "refused", "2205566"),
    ]
    again = await _import(http, "registry", "number,name,address\n13800000000,张伟,自流井区\n")
    assert again["changed"] == 1
    exported = (await http.get("/api/registry/export.csv")).text
    assert exported.lstrip("\ufeff").splitlines() == [
        "number,name,address,note",
        "13800000000,张伟,自流井区,",
    ]
    assert (await _import(http, "registry", exported))["unchanged"] == 1


async def test_a_hundred_thousand_rows_go_in_and_one_is_found_at_once(
    registry: RegistryService, db: Database, supervisor: Actor
) -> None:
    lines = [f"{13000000000 + n},户{n},自流井区{n}号,\n" for n in range(100_000)]
    data = ("number,name,address,note\n" + "".join(lines)).encode()
    report = await import_registry(registry, supervisor, data, dry_run=False)
    assert report.count(report.rows[0].status) == 100_000
    found = await registry.look_up("+8613000077777")
    assert found is not None
    assert found.address == "自流井区77777号"

    def plan(conn: Connection) -> str:
        query = "EXPLAIN QUERY PLAN SELECT * FROM directory_registry WHERE number IN ('1', '2')"
        return str(conn.execute(text(query)).all())

    assert "SEARCH" in await db.read(plan)
    assert len(await db.read(export_registry)) > len(data)
    assert [act for _, act, _ in await acts(db)] == ["registry.import_began", "registry.imported"]
