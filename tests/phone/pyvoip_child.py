"""pyVoIP in a process of its own: registers, answers one call, says 850 Hz, tells what it hears."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time

import numpy as np
from pyVoIP.VoIP import CallState, InvalidStateError, VoIPCall, VoIPPhone

from softswitch.testing import audio


def tell(event: str, **fields: object) -> None:
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


def answer(call: VoIPCall) -> None:
    tell("incoming", caller=call.request.headers["From"]["number"])
    with contextlib.suppress(InvalidStateError):
        call.answer()
        # Unsigned bytes of 8 bit, as pyVoIP has them.
        tone = (audio.tone(850, seconds=10).astype(np.int32) // 256 + 128).astype(np.uint8)
        call.write_audio(tone.tobytes())
        while call.state == CallState.ANSWERED:
            heard = np.frombuffer(call.read_audio(160, blocking=True), np.uint8)
            tones = audio.tones_in(((heard.astype(np.int16) - 128) * 256).astype(np.int16))
            tell("heard", tones=tones[:2])
    tell("ended")


def main() -> None:
    port, user, password, own_port = int(sys.argv[1]), *sys.argv[2:4], int(sys.argv[4])
    phone = VoIPPhone(
        "127.0.0.1", port, user, password, myIP="127.0.0.1", callCallback=answer,
        sipPort=own_port, rtpPortLow=31_000, rtpPortHigh=32_000,
    )  # fmt: skip
    phone.start()
    while phone.get_status().name in {"INACTIVE", "REGISTERING"}:
        time.sleep(0.02)
    tell("registered", status=phone.get_status().name)
    sys.stdin.read()
    # Its stop() waits without end for threads that wait for packets.
    os._exit(0)


if __name__ == "__main__":
    main()
