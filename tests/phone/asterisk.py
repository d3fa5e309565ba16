"""A bare Asterisk for the interop tests: accounts 1001 to 1009, echo, playback, conference."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import textwrap
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from softswitch.setup.asterisk import AsteriskInstall, find_asterisk
from softswitch.setup.cache import cache_folder
from softswitch.testing.node import free_ports
from softswitch.testing.patience import PATIENCE
from softswitch.testing.phone.certificates import self_signed

USERS = [str(number) for number in range(1001, 1010)]
# These speak SRTP only, over TLS.
SECURED = USERS[5:]
PASSWORD = "7-secret"
MODULES = [
    "app_confbridge",
    "app_dial",
    "app_echo",
    "app_playback",
    "app_playtones",
    "app_sendtext",
    "app_stack",
    "app_transfer",
    "app_verbose",
    "bridge_builtin_features",
    "bridge_builtin_interval_features",
    "bridge_holding",
    "bridge_native_rtp",
    "bridge_simple",
    "bridge_softmix",
    "chan_bridge_media",
    "codec_alaw",
    "codec_gsm",
    "codec_ulaw",
    "format_gsm",
    "format_pcm",
    "format_wav",
    "func_callerid",
    "func_channel",
    "func_pjsip_endpoint",
    "pbx_config",
    "res_crypto",
    "res_http_websocket",
    "res_musiconhold",
    "res_pjproject",
    "res_pjsip",
    "res_pjsip_acl",
    "res_pjsip_authenticator_digest",
    "res_pjsip_caller_id",
    "res_pjsip_dtmf_info",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_exten_state",
    "res_pjsip_header_funcs",
    "res_pjsip_logger",
    "res_pjsip_messaging",
    "res_pjsip_nat",
    "res_pjsip_notify",
    "res_pjsip_one_touch_record_info",
    "res_pjsip_pubsub",
    "res_pjsip_refer",
    "res_pjsip_registrar",
    "res_pjsip_rfc3326",
    "res_pjsip_sdp_rtp",
    "res_pjsip_session",
    "res_rtp_asterisk",
    "res_sorcery_astdb",
    "res_sorcery_config",
    "res_sorcery_memory",
    "res_srtp",
    "res_timing_timerfd",
    "chan_pjsip",
    "app_system",
    "func_logic",
    "app_exec",
    "app_mixmonitor",
]


@dataclass(frozen=True)
class Ports:
    udp: int
    tcp: int
    tls: int

    def server(self, transport: str) -> tuple[str, int]:
        return "127.0.0.1", getattr(self, transport)


def users(transport: str) -> list[str]:
    """The accounts whose media fit the transport."""
    return SECURED if transport == "tls" else USERS[:5]


def _endpoint(user: str) -> str:
    return f"""
        [{user}]
        type=endpoint
        context=phones
        disallow=all
        allow=ulaw,alaw
        auth={user}
        aors={user}
        direct_media=no
        rtp_symmetric=yes
        rewrite_contact=yes
        send_pai=yes
        trust_id_inbound={"yes" if user == "1001" else "no"}
        allow_transfer=yes
        media_encryption={"sdes" if user in SECURED else "no"}
        callerid="Phone {user}" <{user}>
        [{user}]
        type=auth
        auth_type=digest
        username={user}
        password={PASSWORD}
        supported_algorithms_uas={"MD5" if user == "1004" else "MD5,SHA-256"}
        [{user}]
        type=aor
        max_contacts=2
        remove_existing=yes
    """


def _configure(folder: Path, install: AsteriskInstall, ports: Ports) -> Path:
    etc = folder / "etc"
    for name in ("etc", "var", "db", "keys", "spool", "run", "log"):
        (folder / name).mkdir(parents=True)
    (folder / "keys" / "keys").mkdir()
    certificate, key = self_signed()
    (etc / "tls.pem").write_bytes(certificate + key)
    transports = "".join(
        f"""
        [{name}]
        type=transport
        protocol={name}
        bind=127.0.0.1:{getattr(ports, name)}
        """
        for name in ("udp", "tcp", "tls")
    )
    transports += f"        cert_file={etc}/tls.pem\n        priv_key_file={etc}/tls.pem\n"
    transports += "        method=tlsv1_2\n"
    files = {
        "asterisk.conf": f"""
            [directories]
            astetcdir => {etc}
            astmoddir => {install.modules}
            astvarlibdir => {folder}/var
            astdbdir => {folder}/db
            astkeydir => {folder}/keys
            astdatadir => {install.data}
            astspooldir => {folder}/spool
            astrundir => {folder}/run
            astlogdir => {folder}/log
            [options]
            documentation_language = en
            """,
        "modules.conf": "[modules]\nautoload=no\n"
        + "".join(f"load={name}.so\n" for name in MODULES),
        "logger.conf": "[general]\n[logfiles]\nfull => notice,warning,error,verbose\n",
        "pjsip.conf": "[global]\ntype=global\n" + transports + "".join(map(_endpoint, USERS)),
        "rtp.conf": "[general]\nrtpstart=10000\nrtpend=19998\n",
        "confbridge.conf": "[general]\n[default_user]\ntype=user\nquiet=yes\n",
        "musiconhold.conf": f"[default]\nmode=files\ndirectory={install.moh}\n",
        "extensions.conf": """
            [phones]
            exten => _100X,1,Dial(PJSIP/${EXTEN},30)
            exten => _1[12]X,1,Dial(PJSIP/1003,30)
            exten => echo,1,Answer()
             same => n,Echo()
            exten => early,1,Progress()
             same => n,PlayTones(850)
             same => n,Wait(5)
             same => n,Hangup(17)
            exten => busy,1,Hangup(17)
            exten => room,1,ConfBridge(1)
            exten => cause,1,Answer()
             same => n,Hangup(8)
            """,
    }
    for name, text in files.items():
        (etc / name).write_text(textwrap.dedent(text))
        # pjsip.conf is put together from parts with different margins.
        if name == "pjsip.conf":
            (etc / name).write_text("\n".join(line.strip() for line in text.splitlines()) + "\n")
    return etc / "asterisk.conf"


async def _booted(install: AsteriskInstall, config: Path) -> bool:
    """Blocks inside Asterisk until it is ready; fails at once while its socket is not there."""
    asking = await asyncio.create_subprocess_exec(
        *install.argv("-C", str(config), "-rx", "core waitfullybooted"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    out, _ = await asking.communicate()
    return b"fully booted" in out


@contextlib.asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Ports]:
    """An Asterisk that answers on all three transports; ended afterwards."""
    ports = Ports(*free_ports(3))
    install = find_asterisk(cache_folder())
    config = _configure(folder, install, ports)
    with (folder / "out").open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *install.argv("-f", "-C", str(config)),
            stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip
    try:
        async with asyncio.timeout(PATIENCE):
            while not await _booted(install, config):
                if process.returncode is not None:
                    raise RuntimeError((folder / "out").read_text())
        yield ports
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(5):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
