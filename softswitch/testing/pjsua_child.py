"""The process in which pjsua2 runs: commands as JSON lines on stdin, events on stdout.

It is apart from the tests, because pjsua2 has its own threads, ends the process when it is used
wrongly, and can be started once only.
"""

from __future__ import annotations

import base64
import json
import os
import select
import sys
from pathlib import Path
from typing import Any

import pjsua2 as pj

FRAME_BYTES = 320
WAV_HEADER = 44
TRANSPORTS = {
    "udp": pj.PJSIP_TRANSPORT_UDP,
    "tcp": pj.PJSIP_TRANSPORT_TCP,
    "tls": pj.PJSIP_TRANSPORT_TLS,
}


# pjsua2 writes its own lines to stdout: the events get a descriptor of their own.
_events = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def tell(event: str, **fields: object) -> None:
    _events.write(json.dumps({"event": event, **fields}) + "\n")
    _events.flush()


class Line(pj.Account):  # type: ignore[misc]
    def __init__(self, softphone: Softphone) -> None:
        super().__init__()
        self._softphone = softphone

    def onRegState(self, prm: Any) -> None:  # noqa: N802  # named by pjsua2
        tell("registration", status=prm.code, active=self.getInfo().regIsActive)

    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802
        self._softphone.call = Talk(self._softphone, self, prm.callId)
        tell("incoming", caller=self._softphone.call.getInfo().remoteUri)


class Talk(pj.Call):  # type: ignore[misc]
    def __init__(self, softphone: Softphone, line: Line, number: int = -1) -> None:
        super().__init__(line, number)
        self._softphone = softphone

    def onCallState(self, prm: Any) -> None:  # noqa: N802
        info = self.getInfo()
        status, reason = info.lastStatusCode, info.lastReason
        tell("state", state=info.stateText, status=status, reason=reason)

    def onCallMediaState(self, prm: Any) -> None:  # noqa: N802
        info = self.getInfo()  # held: the list below lives inside it
        for media in info.media:
            active = media.status == pj.PJSUA_CALL_MEDIA_ACTIVE
            if media.type == pj.PJMEDIA_TYPE_AUDIO and active:
                self._softphone.connect(self.getAudioMedia(media.index))
        tell("media")

    def onDtmfDigit(self, prm: Any) -> None:  # noqa: N802
        tell("digit", digit=prm.digit)


class Softphone:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.call: Talk | None = None
        self.line: Line | None = None
        self._player: Any = None
        self._recorder: Any = None
        self._read = WAV_HEADER
        self._heard = folder / "heard.wav"
        config = pj.EpConfig()
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.uaConfig.userAgent = "pjsua2 test softphone"
        config.logConfig.level = 4
        config.logConfig.consoleLevel = 0
        config.logConfig.filename = str(folder / "pjsua.log")
        config.medConfig.clockRate = config.medConfig.sndClockRate = 8000
        config.medConfig.audioFramePtime = 20
        config.medConfig.noVad = True
        config.medConfig.ecTailLen = 0
        self.endpoint = pj.Endpoint()
        self.endpoint.libCreate()
        self.endpoint.libInit(config)
        self.endpoint.audDevManager().setNullDev()

    def connect(self, audio: Any) -> None:
        if self._player is None:
            self._player = pj.AudioMediaPlayer()
            self._player.createPlayer(str(self.folder / "says.wav"))
            self._recorder = pj.AudioMediaRecorder()
            self._recorder.createRecorder(str(self._heard))
        self._player.startTransmit(audio)
        audio.startTransmit(self._recorder)

    def tell_what_is_heard(self) -> None:
        """The recorder writes in blocks; whole frames are passed on as they appear."""
        if self._recorder is None:
            return
        with self._heard.open("rb") as file:
            file.seek(self._read)
            data = file.read()
        data = data[: len(data) - len(data) % FRAME_BYTES]
        if data:
            self._read += len(data)
            tell("audio", samples=base64.b64encode(data).decode())

    def open(self, transport: str, user: str, server: str, password: str, srtp: bool) -> None:
        local = pj.TransportConfig()
        local.boundAddress = "127.0.0.1"
        self.endpoint.transportCreate(TRANSPORTS[transport], local)
        self.endpoint.libStart()
        account = pj.AccountConfig()
        parameter = "" if transport == "udp" else f";transport={transport}"
        account.idUri = f"sip:{user}@{server or '127.0.0.1'}"
        account.mediaConfig.transportConfig.boundAddress = "127.0.0.1"
        account.mediaConfig.transportConfig.port = 0
        if srtp:
            account.mediaConfig.srtpUse = pj.PJMEDIA_SRTP_MANDATORY
            account.mediaConfig.srtpSecureSignaling = 0
        if server:
            account.regConfig.registrarUri = f"sip:{server}{parameter}"
            account.regConfig.timeoutSec = 120
            account.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", user, 0, password))
        self.line = Line(self)
        self.line.create(account)
        tell("open")

    def command(self, name: str, fields: dict[str, Any]) -> None:
        prm = pj.CallOpParam(True)
        if name == "open":
            self.open(**fields)
        elif name == "dial":
            self.call = Talk(self, self.line)  # type: ignore[arg-type]
            self.call.makeCall(fields["uri"], prm)
        elif self.call is None:
            raise ValueError(f"{name}: there is no call")
        elif name == "answer":
            prm.statusCode = fields["status"]
            self.call.answer(prm)
        elif name == "hangup":
            self.call.hangup(prm)
        elif name == "hold":
            self.call.setHold(prm)
        elif name == "resume":
            prm.opt.flag = pj.PJSUA_CALL_UNHOLD
            self.call.reinvite(prm)
        elif name == "digits":
            self.call.dialDtmf(fields["digits"])
        else:
            raise ValueError(f"{name} is no command")

    def close(self) -> None:
        """In this order, and each object before its endpoint: anything else ends in a crash."""
        self.call = self._player = self._recorder = None
        if self.line is not None:
            self.line.shutdown()
            self.line = None
        self.endpoint.libDestroy()


def main() -> None:
    softphone = Softphone(Path(sys.argv[1]))
    pending = b""
    while True:
        softphone.endpoint.libHandleEvents(5)
        softphone.tell_what_is_heard()
        if not select.select([0], [], [], 0)[0]:
            continue
        data = os.read(0, 65_536)
        if not data:  # the test is gone
            break
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            fields = json.loads(line)
            try:
                softphone.command(fields.pop("command"), fields)
            except Exception as error:  # of any kind: the test is told, and judges
                tell("error", text=error.info() if isinstance(error, pj.Error) else repr(error))
    softphone.close()


if __name__ == "__main__":
    main()
