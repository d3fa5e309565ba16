"""The HTTP of the directory: answers, refusals in the one shape, and who may do what."""

from __future__ import annotations

from typing import Any

import httpx
import pytest


async def _post(http: httpx.AsyncClient, path: str, body: Any) -> dict[str, Any]:
    answer = await http.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _desk(http: httpx.AsyncClient) -> None:
    await _post(http, "/api/extensions", {"number": "1001", "name": "一号台", "kind": "desk"})


async def test_extension_with_phones_from_birth_to_removal(http: httpx.AsyncClient) -> None:
    await _desk(http)
    made = await _post(http, "/api/extensions/1001/phones", {"id": "1001-sip"})
    web = await _post(http, "/api/extensions/1001/phones", {"id": "1001-web", "kind": "browser"})
    assert made["secret"] != web["secret"]
    assert web["transport"] == "ws"
    shown = (await http.get("/api/extensions/1001")).json()
    assert shown == {
        "number": "1001",
        "name": "一号台",
        "kind": "desk",
        "record": True,
        "skills": [],
        "position": 1,
        "enabled": True,
        "phones": [
            {
                "id": "1001-sip",
                "extension": "1001",
                "kind": "sip",
                "transport": "udp",
                "enabled": True,
            },
            {
                "id": "1001-web",
                "extension": "1001",
                "kind": "browser",
                "transport": "ws",
                "enabled": True,
            },
        ],
    }
    changed = (await http.patch("/api/extensions/1001", json={"skills": ["fire", "fire"]})).json()
    assert changed["skills"] == ["fire"]
    assert changed["name"] == "一号台"
    assert (await http.delete("/api/extensions/1001")).json()["phones"] == ["1001-sip", "1001-web"]
    assert (await http.get("/api/phones")).json() == {"phones": []}


async def test_secrets_are_shown_on_request_only(http: httpx.AsyncClient) -> None:
    await _desk(http)
    made = await _post(http, "/api/extensions/1001/phones", {"id": "1001-sip"})
    for path in ("/api/extensions", "/api/phones", "/api/extensions/1001/phones"):
        assert made["secret"] not in (await http.get(path)).text
    assert (await http.get("/api/phones/1001-sip/secret")).json() == made
    rotated = (await http.post("/api/phones/1001-sip/secret")).json()
    assert rotated["secret"] != made["secret"]


async def test_gateway_stands_without_an_extension(http: httpx.AsyncClient) -> None:
    made = await _post(http, "/api/phones", {"id": "citizens", "kind": "gateway"})
    assert made["extension"] is None
    assert (await http.patch("/api/phones/citizens", json={"enabled": False})).json()[
        "enabled"
    ] is False
    assert (await http.delete("/api/phones/citizens")).json() == {"removed": "citizens"}


async def test_emergency_numbers(http: httpx.AsyncClient) -> None:
    body = {"digits": "12345", "name_zh": "市民热线", "name_en": "Citizens", "rank": 5}
    assert (await _post(http, "/api/emergency-numbers", body))["skill"] is None
    changed = await http.patch("/api/emergency-numbers/12345", json={"skill": "hotline"})
    assert changed.json()["skill"] == "hotline"
    assert (await http.delete("/api/emergency-numbers/12345")).status_code == 200
    listed = (await http.get("/api/emergency-numbers")).json()
    left = [each["digits"] for each in listed["emergency_numbers"]]
    assert left == ["110", "119", "120", "122"]


async def test_registry_finds_a_number_however_it_is_written(http: httpx.AsyncClient) -> None:
    await http.put("/api/intake", json={"area_code": "0813"})
    entry = {"number": "0813-220 5566", "name": "李明", "address": "自流井区光大街12号"}
    assert (await _post(http, "/api/registry", entry))["number"] == "08132205566"
    for written in ("2205566", "+868132205566", "08132205566"):
        found = (await http.get("/api/registry/lookup", params={"number": written})).json()
        assert found["name"] == "李明"
    assert (await http.get("/api/registry/lookup", params={"number": "999"})).json() is None
    changed = await http.patch("/api/registry/2205566", json={"note": "二楼"})
    assert changed.json()["address"] == "自流井区光大街12号"
    found = (await http.get("/api/registry", params={"query": "光大街"})).json()
    assert [each["note"] for each in found["registry"]] == ["二楼"]
    assert (await http.delete("/api/registry/2205566")).json() == {"removed": "08132205566"}


async def test_speed_dials_of_the_own_desk(http: httpx.AsyncClient) -> None:
    await _desk(http)
    mine = {"Authorization": "Bearer dispatcher"}
    buttons = [
        {"position": 2, "label": "值班", "number": "138 0000 0000"},
        {"position": 1, "number": "120"},
    ]
    body = {"speed_dials": buttons}
    stored = (await http.put("/api/speed-dials", json=body, headers=mine)).json()
    assert stored["desk"] == "1001"
    assert stored["speed_dials"] == [
        {"position": 1, "label": "120", "number": "120"},
        {"position": 2, "label": "值班", "number": "13800000000"},
    ]
    assert (await http.get("/api/speed-dials", headers=mine)).json() == stored
    nowhere = await http.get("/api/speed-dials")  # the supervisor is seated at no desk
    assert nowhere.json()["error"]["code"] == "no_desk"
    assert (await http.get("/api/speed-dials?desk=1001")).json() == stored
    one = await http.put("/api/speed-dials?desk=1001", json=buttons[:1])  # a plain list
    assert [each["label"] for each in one.json()["speed_dials"]] == ["值班"]


async def test_intake_changes_only_what_is_given(http: httpx.AsyncClient) -> None:
    changed = await http.put("/api/intake", json={"duty_number": "138-0000-0000"})
    assert changed.json() == {
        "offer_seconds": 15,
        "strategy": "longest_idle",
        "duty_number": "13800000000",
        "callback_auto": False,
        "area_code": "",
    }
    assert (await http.put("/api/intake", json={"duty_number": None})).json()["duty_number"] is None
    assert (await http.get("/api/intake")).json()["duty_number"] is None


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/api/extensions", {"number": "120"}, 409, "emergency_number_shadowed"),
        ("POST", "/api/extensions", {"number": "701"}, 409, "number_reserved"),
        ("POST", "/api/extensions", {"number": "1001"}, 409, "extension_taken"),
        ("POST", "/api/extensions", {"number": "10;1"}, 422, "bad_extension"),
        ("POST", "/api/extensions", {"number": 1002}, 422, "bad_request"),
        ("POST", "/api/extensions", {"number": "1002", "nmae": "x"}, 422, "bad_request"),
        ("POST", "/api/extensions", {"number": "1002", "kind": "fax"}, 422, "bad_request"),
        (
            "POST",
            "/api/extensions",
            {"number": "1002", "name": "a\r\nb"},
            422,
            "control_characters",
        ),
        (
            "POST",
            "/api/extensions",
            {"number": "1002", "position": 1},
            422,
            "position_without_desk",
        ),
        ("POST", "/api/extensions", {"number": "1002", "skills": ["Fire!"]}, 422, "bad_skill"),
        (
            "POST",
            "/api/extensions",
            {"number": "1002", "kind": "desk", "record": False},
            422,
            "desk_is_recorded",
        ),
        ("PATCH", "/api/extensions/1001", {"number": "1002"}, 422, "bad_request"),
        ("PATCH", "/api/extensions/1001", {"name": None}, 422, "bad_request"),
        ("PATCH", "/api/extensions/1001", {"position": 0}, 422, "out_of_range"),
        ("PATCH", "/api/extensions/1999", {"name": "x"}, 404, "extension_not_found"),
        ("DELETE", "/api/extensions/1999", None, 404, "extension_not_found"),
        ("POST", "/api/extensions/1999/phones", {"id": "x1"}, 404, "extension_not_found"),
        ("POST", "/api/extensions/1001/phones", {"id": "X 1"}, 422, "bad_phone_id"),
        ("PATCH", "/api/phones/none", {"enabled": True}, 404, "phone_not_found"),
        ("POST", "/api/phones/none/secret", None, 404, "phone_not_found"),
        ("GET", "/api/phones/none/secret", None, 404, "phone_not_found"),
        (
            "POST",
            "/api/emergency-numbers",
            {"digits": "1001", "name_en": "x"},
            409,
            "emergency_number_shadowed",
        ),
        (
            "POST",
            "/api/emergency-numbers",
            {"digits": "110", "name_en": "x"},
            409,
            "emergency_number_taken",
        ),
        ("POST", "/api/emergency-numbers", {"digits": "999"}, 422, "missing_name"),
        (
            "POST",
            "/api/emergency-numbers",
            {"digits": "999", "name_en": "x", "rank": 100},
            422,
            "out_of_range",
        ),
        ("PATCH", "/api/emergency-numbers/999", {"rank": 1}, 404, "emergency_number_not_found"),
        ("POST", "/api/registry", {"number": "x", "name": "y"}, 422, "bad_number"),
        ("POST", "/api/registry", {"number": "2205566", "name": ""}, 422, "missing_name"),
        ("PATCH", "/api/registry/2205566", {"name": "x"}, 404, "registry_entry_not_found"),
        ("GET", "/api/registry?limit=0", None, 422, "bad_request"),
        ("PUT", "/api/intake", {"offer_seconds": 1}, 422, "out_of_range"),
        ("PUT", "/api/intake", {"area_code": "813"}, 422, "bad_area_code"),
        ("PUT", "/api/intake", {"duty_number": "1;2"}, 422, "bad_number"),
        ("PUT", "/api/intake", {"offer_secs": 9}, 422, "bad_request"),
        ("PUT", "/api/speed-dials?desk=1999", [], 404, "extension_not_found"),
    ],
)
async def test_wrong_input_gets_one_clear_answer(
    http: httpx.AsyncClient, method: str, path: str, body: Any, status: int, code: str
) -> None:
    await _desk(http)
    answer = await http.request(method, path, json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["message"]
    assert answer.json()["error"]["next_step"]


@pytest.mark.parametrize(
    ("role", "method", "path", "allowed"),
    [
        ("dispatcher", "GET", "/api/extensions", True),
        ("dispatcher", "DELETE", "/api/extensions/1001", False),
        ("dispatcher", "GET", "/api/phones/1001-sip/secret", False),
        ("dispatcher", "DELETE", "/api/registry/1", True),
        ("auditor", "DELETE", "/api/registry/1", False),
        ("auditor", "GET", "/api/registry/export.csv", True),
        ("operator", "DELETE", "/api/emergency-numbers/999", True),
        ("dispatcher", "DELETE", "/api/emergency-numbers/999", False),
        ("operator", "GET", "/api/speed-dials?desk=1001", False),
        ("nobody", "GET", "/api/extensions", False),
    ],
)
async def test_roles(
    http: httpx.AsyncClient, role: str, method: str, path: str, allowed: bool
) -> None:
    answer = await http.request(method, path, headers={"Authorization": f"Bearer {role}"})
    assert (answer.status_code in {401, 403}) is not allowed
