"""Runs a simulation: registers the phones, lets the planned calls happen, collects the results."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from softswitch.simulate import citizen, team
from softswitch.simulate.options import Account, Options
from softswitch.simulate.plan import PlannedCall, plan
from softswitch.simulate.reach import need_udp
from softswitch.simulate.report import CallResult, Happening, Progress, Report
from softswitch.simulate.scenarios import FIELD_REPLIES
from softswitch.simulate.speech import EspeakVoice, Voice
from softswitch.testing.phone import Phone, PhoneError


async def simulate(
    options: Options, progress: Progress | None = None, voice: Voice | None = None
) -> Report:
    """Place the calls and answer the field phones; the report when all is over.

    It ends every call and registration also when it is cancelled.
    """
    return await _Simulation(options, progress, voice or EspeakVoice()).run()


class _Simulation:
    def __init__(self, options: Options, progress: Progress | None, voice: Voice) -> None:
        self._options = options
        self._progress = progress
        self._voice = voice
        self._loop = asyncio.get_running_loop()
        self._begin = self._loop.time()
        self._free = asyncio.Semaphore(options.at_once)
        self.report = Report()

    def tell(self, who: str, what: str) -> None:
        if self._progress is not None:
            self._progress(Happening(self._loop.time() - self._begin, who, what))

    async def run(self) -> Report:
        planned = plan(self._options)
        if self._options.transport == "udp":
            await need_udp(self._options.server)
        async with AsyncExitStack() as stack:
            teams = [await self._open(stack, account) for account in self._options.field_phones]
            phones = {
                account.extension: await self._open(stack, account)
                for account in {call.account.extension: call.account for call in planned}.values()
            }
            self._begin = self._loop.time()
            answering = [
                self._loop.create_task(self._answer(phone, number))
                for number, phone in enumerate(teams)
            ]
            try:
                await self._place(planned, phones)
                await self._stay(answering)
            finally:
                for task in answering:
                    task.cancel()
                await asyncio.gather(*answering, return_exceptions=True)
        self.report.calls.sort(key=lambda result: result.number)
        self.report.seconds = self._loop.time() - self._begin
        return self.report

    async def _open(self, stack: AsyncExitStack, account: Account) -> Phone:
        phone = await stack.enter_async_context(
            Phone.register(
                self._options.server,
                account.extension,
                account.password,
                transport=self._options.transport,
                local=(self._options.local, 0),
            )
        )
        self.tell(account.extension, "registered")
        return phone

    async def _place(self, planned: list[PlannedCall], phones: dict[str, Phone]) -> None:
        async with asyncio.TaskGroup() as group:
            for call in planned:
                group.create_task(self._call(call, phones[call.account.extension]))

    async def _call(self, planned: PlannedCall, phone: Phone) -> None:
        await asyncio.sleep(max(0.0, self._begin + planned.start - self._loop.time()))
        async with self._free:
            who = f"{planned.caller} → {planned.scenario.number}"
            self.tell(who, f"calls: {planned.scenario.name}")
            try:
                result = await citizen.call_for_help(phone, planned, self._options, self._voice)
            except PhoneError as error:
                result = CallResult(
                    planned.number,
                    planned.scenario.number,
                    planned.caller,
                    planned.scenario.name,
                    "failed",
                    detail=str(error),
                )
            self.report.calls.append(result)
            self.tell(who, result.outcome)

    async def _answer(self, phone: Phone, number: int) -> None:
        reply = FIELD_REPLIES[number % len(FIELD_REPLIES)]
        results = self.report.field_calls
        await team.answer_calls(phone, reply, self._options, self._voice, self.tell, results.append)

    async def _stay(self, answering: list[asyncio.Task[None]]) -> None:
        """Field phones outlive the citizens for a while, or, alone, for as long as they may."""
        if not answering:
            return
        stay = self._options.stay
        if stay is None and self._options.calls:
            return
        # They end by themselves only when something is wrong, which must not go unseen.
        done, _ = await asyncio.wait(answering, timeout=stay, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
