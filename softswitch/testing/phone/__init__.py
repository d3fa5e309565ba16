"""A SIP phone for tests: real SIP and RTP, tones in and out, no sleeps.

    from softswitch.testing.phone import Phone

    async def test_talk(server):                              # server = ("127.0.0.1", 5060)
        async with (
            Phone.register(server, "1001", "secret", tone=450) as alice,
            Phone.register(server, "1002", "secret", tone=650) as bob,
        ):
            call = await alice.dial("1002", headers={"X-Test": "1"})
            incoming = await bob.incoming()                   # rings by itself (rings=False: not)
            assert incoming.caller_number == "1001"
            await call.ringing()
            await incoming.answer()                           # or .reject(486), .ring(early=True)
            await call.answered()
            await call.hears(650)                             # three frames in a row, from now on
            await incoming.hears(450)
            await incoming.hears_not(850)                     # over the next 15 frames received
            await call.send_digits("1#")
            await incoming.receives("1#")
            await call.hold(); await incoming.held(); await call.resume()
            await incoming.hangup("Q.850;cause=8")
            end = await call.ended()
            assert end.by_remote and end.cause == 8
            print(call.times.answered - call.times.invited, call.gaps(650), call.ear.summary())

Also: `Phone.open` (no registration; `server=` for a peer account, none for phone to phone by
`other.uri`), transport="tcp" or "tls" (then with SRTP), `call.transfer("1003")` and
`call.transfer_to(other_call)`, each with `call.transferred()` for its final status,
`call.play(samples)`, `call.sound(850)`, `call.mute()`, `call.stops_hearing(450)`,
`call.hears_silence()`, `phone.message()`, `phone.send_raw()`, `auto_answer=True`,
`call.media.lose_outgoing`. Every wait has `timeout=` and fails with an AssertionError that tells
what was seen instead.
"""

from softswitch.testing.phone.call import Call
from softswitch.testing.phone.ear import Ear
from softswitch.testing.phone.errors import (
    CallEndedEarly,
    MediaError,
    NotReached,
    ParseError,
    PhoneError,
    RegistrationFailed,
    RequestRefused,
    WaitTimeout,
)
from softswitch.testing.phone.fields import NameAddr, Reason, Uri
from softswitch.testing.phone.frames import Frame, Gap
from softswitch.testing.phone.incoming import IncomingCall
from softswitch.testing.phone.message import Headers, Request, Response, parse_message
from softswitch.testing.phone.outgoing import OutgoingCall
from softswitch.testing.phone.phone import Phone
from softswitch.testing.phone.sources import Clip, Source, Tone, silence
from softswitch.testing.phone.states import Ended, State, Times

__all__ = [
    "Call",
    "CallEndedEarly",
    "Clip",
    "Ear",
    "Ended",
    "Frame",
    "Gap",
    "Headers",
    "IncomingCall",
    "MediaError",
    "NameAddr",
    "NotReached",
    "OutgoingCall",
    "ParseError",
    "Phone",
    "PhoneError",
    "Reason",
    "RegistrationFailed",
    "Request",
    "RequestRefused",
    "Response",
    "Source",
    "State",
    "Times",
    "Tone",
    "Uri",
    "WaitTimeout",
    "parse_message",
    "silence",
]
