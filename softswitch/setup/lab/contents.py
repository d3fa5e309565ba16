"""What the guest of the laboratory is made of: packages, programs and modules of Asterisk."""

from __future__ import annotations

from softswitch.setup.prefix import Prefix, Recipe
from softswitch.setup.progress import SetupError


def _check(prefix: Prefix) -> None:
    missing = [name for name in ("dahdi_cfg", "busybox") if not list(prefix.root.rglob(name))]
    if missing:
        raise SetupError(
            f"{prefix.root} lacks {' and '.join(missing)}. Remove that folder and start again."
        )


TOOLS = Recipe(
    name="lab-tools",
    packages=("busybox-static", "iproute2"),
    lean=("dahdi",),
    # Drivers and firmware of cards, and Perl scripts that look for them.
    left_out=("dahdi-linux", "fxload", "perl", "procps", "usbutils"),
    leading="dahdi",
    megabytes=30,
    accepts=bool,
    finish=lambda _root: None,
    check=_check,
)
TOOL_PROGRAMS = (
    "usr/bin/busybox",
    "usr/bin/ip",
    "usr/sbin/ip",
    "usr/sbin/tc",
    "usr/sbin/dahdi_cfg",
    "usr/sbin/dahdi_scan",
    "usr/sbin/dahdi_maint",
)
ASTERISK = "usr/sbin/asterisk"
PERL = "usr/bin/perl"
"""Every Debian has it, and a node loops timeslots with it (dialplans/node). It comes with Asterisk's packages."""
CATEGORY = "usr/local/lib/softswitch/isup_category.so"
"""Where a node has it, and the guest, as :mod:`trunk.node_files` says."""
ASTERISK_DATA = (
    "usr/share/asterisk/documentation/core-en_US.xml",
    "usr/share/asterisk/documentation/appdocsxml.dtd",
)

MODULES = (
    # ground
    "res_timing_timerfd", "res_timing_dahdi", "res_sorcery_config", "res_sorcery_memory", "res_sorcery_astdb",
    "res_crypto", "pbx_config", "app_cdr", "cdr_manager",
    # the 2M lines
    "chan_dahdi",
    # the way to the core
    "chan_iax2", "res_pjproject", "res_pjsip", "res_pjsip_session", "res_pjsip_pubsub", "res_pjsip_acl",
    "res_pjsip_authenticator_digest", "res_pjsip_outbound_authenticator_digest",
    "res_pjsip_caller_id", "res_pjsip_dlg_options", "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_endpoint_identifier_user", "res_pjsip_endpoint_identifier_anonymous",
    "res_pjsip_header_funcs", "res_pjsip_nat", "res_pjsip_diversion",
    "res_pjsip_registrar", "res_pjsip_outbound_publish", "res_pjsip_outbound_registration",
    "res_pjsip_rfc3326", "res_pjsip_sdp_rtp", "res_pjsip_logger", "chan_pjsip",
    # media
    "res_rtp_asterisk", "codec_ulaw", "codec_alaw", "codec_a_mu", "codec_resample",
    "format_pcm", "format_wav", "format_sln", "bridge_simple", "bridge_softmix", "bridge_holding",
    "bridge_native_rtp", "bridge_builtin_features",
    # dialplan
    "app_dial", "app_playback", "app_playtones", "app_stack", "app_echo", "app_verbose", "app_senddtmf",
    "app_read", "app_exec", "app_milliwatt", "app_mixmonitor", "app_record", "app_softhangup", "app_system",
    "app_chanisavail", "app_channelredirect", "app_while", "app_originate", "app_bridgewait", "app_userevent",
    "func_callerid", "func_channel", "func_strings", "func_logic", "func_hangupcause", "func_cut",
    "func_uri", "func_math", "func_timeout", "func_devstate", "func_groupcount", "func_global",
    "func_cdr", "func_rand", "func_db", "func_module", "func_volume", "func_env", "func_dialplan",
)  # fmt: skip
"""What Asterisk may load in the guest; the description of a rehearsal chooses among them."""
