"""Every role against every command on calls, over HTTP on the running system: what is not allowed is not done."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from softswitch.access.model import Right, Role
from softswitch.access.policy import POLICY
from softswitch.app import System
from softswitch.testing.patience import PATIENCE
from tests.robustness.calls import call_up

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="session")]

CALL = "/api/calls/{call}"
COMMANDS: dict[str, tuple[Right, dict[str, object]]] = {
    f"{CALL}/answer": (Right.CALL_ANSWER, {}),
    f"{CALL}/hangup": (Right.CALL_HANGUP, {}),
    f"{CALL}/hold": (Right.CALL_HOLD, {}),
    f"{CALL}/resume": (Right.CALL_HOLD, {}),
    f"{CALL}/park": (Right.CALL_PARK, {}),
    f"{CALL}/retrieve": (Right.CALL_PARK, {}),
    f"{CALL}/pickup": (Right.CALL_PICKUP, {}),
    f"{CALL}/takeover": (Right.CALL_TAKEOVER, {}),
    f"{CALL}/transfer": (Right.CALL_TRANSFER, {"to": "2003"}),
    f"{CALL}/transfer/complete": (Right.CALL_TRANSFER, {}),
    f"{CALL}/transfer/cancel": (Right.CALL_TRANSFER, {}),
    f"{CALL}/dtmf": (Right.CALL_DTMF, {"digits": "1"}),
    f"{CALL}/priority": (Right.CALL_PRIORITISE, {"rank": 1}),
    "/api/calls": (Right.CALL_DIAL, {"to": "2003"}),
    "/api/tasks/00/call": (Right.TASK_WORK, {}),
    "/api/tasks/00/close": (Right.TASK_WORK, {"reason": "x"}),
    "/api/incidents/00/claim": (Right.INCIDENT_EDIT, {}),
    "/api/incidents/00/orders": (
        Right.INCIDENT_ORDER,
        {"unit": "x", "text": "x", "number": "2003"},
    ),
}
NOBODYS_DESK = "1003"
ABSENT = "1700000000.404"


def client(system: System, token: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=system.url, headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE
    )


@pytest.mark.parametrize("role", list(Role))
async def test_a_command_is_carried_out_for_the_roles_of_the_table_and_no_other(
    system: System, tokens: dict[Role, str], role: Role
) -> None:
    """Who may not is refused on the call that is up; who may gets past the guard, to a call that is not there."""
    async with call_up(system) as call_id, client(system, tokens[role]) as web:
        for path, (right, body) in COMMANDS.items():
            allowed = right in POLICY[role]
            address = path.format(call=ABSENT if allowed else call_id)
            wanted = body if right is Right.CALL_PRIORITISE or path.endswith(("close", "claim", "orders")) else {
                **body, "desk": NOBODYS_DESK}  # fmt: skip
            answer = await web.post(address, json=wanted)
            error = answer.json()["error"]
            if allowed:
                assert answer.status_code in (404, 409, 503), (path, answer.text)
            else:
                assert (answer.status_code, error["code"]) == (403, "not_allowed"), (path, error)
                assert right.value in error["message"]
                assert error["next_step"]


@pytest.mark.parametrize("role", list(Role))
async def test_what_a_role_may_see_of_a_call(
    system: System, tokens: dict[Role, str], role: Role
) -> None:
    async with call_up(system) as call_id, client(system, tokens[role]) as web:
        await system.center.log.written()
        board, history, one = await asyncio.gather(
            web.get("/api/board"), web.get("/api/calls"), web.get(f"/api/calls/{call_id}")
        )
        seen = 200 if Right.CALL_READ in POLICY[role] else 403
        assert [answer.status_code for answer in (board, history, one)] == [200, seen, seen]
        assert call_id in board.json()["entities"]["call"]
        recordings = await web.get("/api/recordings")
        listens = Right.RECORDING_LISTEN in POLICY[role]
        assert recordings.status_code == (200 if listens else 403)


async def test_nobody_gives_more_than_they_have(system: System, tokens: dict[Role, str]) -> None:
    async with client(system, tokens[Role.OPERATOR]) as web:
        made = {"login": "mole", "role": "supervisor", "password": "a long pass phrase 3"}
        assert (await web.post("/api/users", json=made)).status_code == 403
        raised = await web.patch("/api/users/operator", json={"role": "supervisor"})
        assert raised.status_code == 403
        reset = await web.patch("/api/users/supervisor", json={"password": "a long pass phrase 3"})
        assert reset.status_code == 403
        gone = await web.delete("/api/users/supervisor")
        assert gone.status_code == 403
    assert {user["login"]: user["role"] for user in await system.users.all()}[
        "operator"
    ] == "operator"


async def test_a_disabled_user_is_shut_out_at_once(
    system: System, chief: httpx.AsyncClient, tokens: dict[Role, str]
) -> None:
    async with client(system, tokens[Role.AUDITOR]) as web:
        assert (await web.get("/api/me")).status_code == 200
        await chief.patch("/api/users/auditor", json={"disabled": True})
        assert (await web.get("/api/me")).status_code == 401
        await chief.patch("/api/users/auditor", json={"disabled": False})
        assert (await web.get("/api/me")).status_code == 200
