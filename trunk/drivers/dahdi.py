"""The driver of the 2M lines of one node: asks its Asterisk over AMI and gives it commands.

What we block is kept by whoever asks: a node that starts again knows nothing of it, and is told again at the next look.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from softswitch.clock import Clock, Millis, now
from softswitch.ports import ActFailed
from trunk.drivers import loops, pri, ss7
from trunk.drivers.channels import ChannelTold, alarm_of, read_channels
from trunk.drivers.manager import Manager, Reach, command
from trunk.model import Circuit, Plan, Pri, Ss7, Trunk
from trunk.ports import OUT_OF_USE, CircuitState, CircuitTold, DriverFact, LineTold

ANSWER_SECONDS = 6.0
"""How long the far end may take to acknowledge a blocking or a reset."""
_LOOK_SECONDS = 0.1
LOOP_MILLIS = 2_000
"""How often the loop of a channel that is closed is made sure of."""
TEMPORARY_FAILURE = 41


@dataclass(frozen=True, slots=True)
class _Line:
    trunk: Trunk
    circuits: tuple[Circuit, ...]
    linkset: int

    def channels(self, told: dict[int, ChannelTold]) -> list[ChannelTold | None]:
        return [told.get(circuit.channel or 0) for circuit in self.circuits]


class DahdiDriver:
    """The PRI and SS7 trunks of one node. Implements :class:`trunk.ports.Driver`."""

    def __init__(
        self,
        plan: Plan,
        node: str,
        reach: Reach,
        clock: Clock = now,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._lines = {
            trunk.name: _Line(trunk, tuple(plan.circuits(trunk)), plan.number(trunk))
            for trunk in plan.on_node(node)
            if isinstance(trunk.line, Pri | Ss7)
        }
        self._by_circuit = {c.id: c for line in self._lines.values() for c in line.circuits}
        self._reach = reach
        self._clock = clock
        self.answer_seconds = answer_seconds
        self._blocking = asyncio.Lock()
        self._silence = {name: pri.Silence() for name in self._lines}
        self._out_of_use: set[str] = set()
        """PRI circuits that shall not be used: Q.931 of EuroISDN has no message for it, so the channel is closed."""
        self._looped: set[str] = set()
        """Of these, what is looped: Asterisk closes a channel seconds after it was told to, and that ends a loop."""
        self._looped_at: Millis = 0

    @property
    def trunks(self) -> list[str]:
        """The trunks that it drives."""
        return list(self._lines)

    # ---- looking

    async def look(self) -> Sequence[DriverFact]:
        """Return the state of every line and circuit; take circuits out of use that a call kept until now."""
        manager = await self._reach()
        told = read_channels(await manager.listing("DAHDIShowChannels"))
        facts: list[DriverFact] = []
        spans = await manager.listing("PRIShowSpans") if self._has(Pri) else []
        for line in self._lines.values():
            alarm = alarm_of(line.channels(told))
            if isinstance(line.trunk.line, Ss7):
                facts += await self._look_ss7(manager, line, told, alarm)
            elif isinstance(line.trunk.line, Pri):
                fault = alarm or pri.d_channel_fault(spans, line.trunk.line.d_channel.span)
                fault = fault or await self._silent(manager, line.trunk.name, line.trunk.line)
                facts += await self._look_pri(manager, line, told, fault)
        await self._loop_again(manager)
        return facts

    def _has(self, kind: type) -> bool:
        return any(isinstance(line.trunk.line, kind) for line in self._lines.values())

    async def _silent(self, manager: Manager, name: str, line: Pri) -> str:
        text = await command(manager, f"pri show span {line.d_channel.span}")
        return self._silence[name].hear(pri.read_frames(text), self._clock())

    async def _look_pri(
        self, manager: Manager, line: _Line, told: dict[int, ChannelTold], fault: str
    ) -> list[DriverFact]:
        facts: list[DriverFact] = [LineTold(line.trunk.name, fault)]
        for circuit in line.circuits:
            state = pri.circuit_state(told.get(circuit.channel or 0))
            if state is CircuitState.IDLE and circuit.id in self._out_of_use:
                await command(manager, f"dahdi destroy channels {circuit.channel}")
                state = CircuitState.BLOCKED_HERE
            facts.append(CircuitTold(circuit.id, state))
        return facts

    async def _look_ss7(
        self, manager: Manager, line: _Line, told: dict[int, ChannelTold], alarm: str
    ) -> list[DriverFact]:
        text = await command(manager, f"ss7 show linkset {line.linkset}")
        cics = ss7.read_cics(await command(manager, f"ss7 show cics {line.linkset}"))
        if ss7.waits(cics.values()):
            await self._end_dual_seizures(manager, line, cics)
        facts: list[DriverFact] = [LineTold(line.trunk.name, alarm or ss7.linkset_fault(text))]
        for circuit, channel in zip(line.circuits, line.channels(told), strict=True):
            state = ss7.circuit_state(
                cics.get(circuit.channel or 0), channel.alarm if channel else ""
            )
            facts.append(CircuitTold(circuit.id, state))
        return facts

    async def _end_dual_seizures(
        self, manager: Manager, line: _Line, cics: dict[int, ss7.CicTold]
    ) -> None:
        """Reset circuits that we gave way on: the far end then repeats its call on another one (Q.764, 2.9.3.1)."""
        sent = ss7.read_calls(await command(manager, f"ss7 show calls {line.linkset}"))
        hung = {told.channel for told in ss7.given_up(sent, cics.values())}
        for circuit in line.circuits:
            if circuit.channel in hung:
                await command(manager, self._ss7("reset", circuit))

    # ---- acting

    async def block(self, circuits: Sequence[str]) -> None:
        """SS7: send BLO and wait for its acknowledgement. PRI: send SERVICE where the variant has it, and close the
        channel as soon as no call is on it."""
        manager = await self._reach()
        ours, others = self._split(circuits)
        if others:
            async with self._blocking:
                await self._block_ss7(manager, others)
        self._out_of_use.update(circuit.id for circuit in ours)
        await self._tell_service(manager, ours, "disable")
        if ours:
            await self.look()

    async def _block_ss7(self, manager: Manager, circuits: Sequence[Circuit]) -> None:
        """Block circuits that are not blocked yet, each with one BLO at a time.

        Of two, libss7 takes the second acknowledgement for an error and resets the circuit: then our end alone has it
        blocked.
        """
        told = {
            fact.circuit: fact.state for fact in await self.look() if isinstance(fact, CircuitTold)
        }
        for circuit in circuits:
            if told.get(circuit.id) not in OUT_OF_USE:
                await command(manager, self._ss7("block", circuit))
        await self._until(
            circuits, lambda state: state in OUT_OF_USE, "did not acknowledge the blocking"
        )

    async def unblock(self, circuits: Sequence[str]) -> None:
        """SS7: send UBL and wait for its acknowledgement. PRI: open the channel again."""
        manager = await self._reach()
        ours, others = self._split(circuits)
        for circuit in others:
            await command(manager, self._ss7("unblock", circuit))
        self._out_of_use.difference_update(circuit.id for circuit in ours)
        await self._open(manager, ours)
        await self._tell_service(manager, ours, "enable")
        await self._until(
            [*ours, *others],
            lambda state: state not in OUT_OF_USE,
            "did not come back into service",
        )

    async def reset(self, circuits: Sequence[str]) -> None:
        """SS7: send RSC and wait for its acknowledgement. PRI: clear the call, else close and open the channel."""
        manager = await self._reach()
        ours, others = self._split(circuits)
        for circuit in others:
            await command(manager, self._ss7("reset", circuit))
        told = read_channels(await manager.listing("DAHDIShowChannels")) if ours else {}
        for circuit in ours:
            await self._clear(manager, circuit, told.get(circuit.channel or 0))
        usable = {circuit.id for circuit in ours} - self._out_of_use
        await self._until(
            [c for c in (*ours, *others) if c in others or c.id in usable],
            lambda state: state not in (CircuitState.BUSY, CircuitState.RESETTING),
            "did not acknowledge the reset",
        )

    async def loop(self, trunk: str, on: bool, circuits: Sequence[str] = ()) -> None:
        """Have the node's dialplan loop circuits, or the whole line: its call is answered when that could be done."""
        manager = await self._reach()
        await self._loop(manager, trunk, on, circuits)
        ours = {circuit.id for circuit in self._split(circuits)[0]}
        self._looped = self._looped | ours if on else self._looped - ours
        self._looped_at = self._clock()

    async def _loop_again(self, manager: Manager) -> None:
        at = self._clock()
        if not self._looped or at - self._looped_at < LOOP_MILLIS:
            return
        self._looped_at = at
        for trunk in {self._by_circuit[name].trunk for name in self._looped}:
            names = [name for name in self._looped if self._by_circuit[name].trunk == trunk]
            with suppress(ActFailed):  # it is tried again
                await self._loop(manager, trunk, True, names)

    async def _loop(self, manager: Manager, trunk: str, on: bool, circuits: Sequence[str]) -> None:
        chosen = [self._by_circuit[name] for name in circuits if name in self._by_circuit]
        lines = self._lines[trunk].circuits
        for name in loops.of_circuits(chosen, on) if circuits else loops.of_lines(lines, on):
            fields = {
                "Channel": f"Local/{name}@{loops.CONTEXT}/n",
                "Application": "NoOp",
                "Timeout": str(int(self.answer_seconds * 1000)),
            }
            await manager.act("Originate", fields, self.answer_seconds + 2)

    async def _tell_service(self, manager: Manager, circuits: Sequence[Circuit], word: str) -> None:
        """Asterisk keeps what it was told last over a restart, and tells it to the far end again."""
        for circuit in circuits:
            line = self._lines[circuit.trunk].trunk.line
            if isinstance(line, Pri) and line.variant in pri.SERVICE:
                await command(manager, f"pri service {word} channel {circuit.channel}")

    async def _clear(self, manager: Manager, circuit: Circuit, told: ChannelTold | None) -> None:
        if told is not None and told.call:
            fields = {"Channel": told.call, "Cause": str(TEMPORARY_FAILURE)}
            await manager.act("Hangup", fields)
        elif told is not None:
            await command(manager, f"dahdi destroy channels {circuit.channel}")
            await self._open(manager, [circuit])

    async def _open(self, manager: Manager, circuits: Sequence[Circuit]) -> None:
        """Open channels that were closed. DAHDI may hold one for a moment after it was closed, so it is tried again."""
        left = list(circuits)
        with suppress(TimeoutError):  # who looks at them then tells which are still closed
            async with asyncio.timeout(self.answer_seconds):
                while left:
                    for circuit in left:
                        await self._read_again(manager, circuit)
                    told = read_channels(await manager.listing("DAHDIShowChannels"))
                    left = [circuit for circuit in left if circuit.channel not in told]
                    if left:
                        await asyncio.sleep(_LOOK_SECONDS)

    async def _read_again(self, manager: Manager, circuit: Circuit) -> None:
        """Read the channel's configuration again. A linkset that is up makes Asterisk call that a failure."""
        try:
            await command(manager, f"dahdi create channels {circuit.channel} {circuit.channel}")
        except ActFailed as error:
            if "Command output follows" not in str(error):
                raise

    def _ss7(self, act: str, circuit: Circuit) -> str:
        line = self._lines[circuit.trunk]
        assert isinstance(line.trunk.line, Ss7)
        group = next(g for g in line.trunk.line.groups if circuit.slot in g.slots)
        return f"ss7 {act} cic {line.linkset} {group.destination} {circuit.cic}"

    def _split(self, circuits: Iterable[str]) -> tuple[list[Circuit], list[Circuit]]:
        """Divide circuits into those of PRI and those of SS7."""
        known = [self._by_circuit[name] for name in circuits if name in self._by_circuit]
        lines = {name: line.trunk.line for name, line in self._lines.items()}
        ours = [circuit for circuit in known if isinstance(lines[circuit.trunk], Pri)]
        return ours, [circuit for circuit in known if circuit not in ours]

    async def _until(
        self, circuits: Sequence[Circuit], reached: Callable[[CircuitState], bool], what: str
    ) -> None:
        """Wait until circuits are as wanted; raise :class:`ActFailed` and name those that are not."""
        left = {circuit.id for circuit in circuits}
        try:
            async with asyncio.timeout(self.answer_seconds):
                while left:
                    for fact in await self.look():
                        if isinstance(fact, CircuitTold) and reached(fact.state):
                            left.discard(fact.circuit)
                    if left:
                        await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            raise ActFailed(f"the far end of {', '.join(sorted(left)[:5])} {what}") from None
