"""The modules that Asterisk loads: nothing that is not used, so the start is quick and the log clean."""

from __future__ import annotations

from softswitch.errors import unavailable
from softswitch.setup.asterisk import AsteriskInstall

MODULES: tuple[str, ...] = (
    # ground
    "res_timing_timerfd", "res_sorcery_config", "res_sorcery_memory", "res_sorcery_astdb",
    "res_crypto", "res_http_websocket", "res_websocket_client", "res_musiconhold",
    "res_security_log", "res_cdrel_custom", "pbx_config",
    # SIP
    "res_pjproject", "res_pjsip", "res_pjsip_session", "res_pjsip_pubsub", "res_pjsip_acl",
    "res_pjsip_authenticator_digest", "res_pjsip_outbound_authenticator_digest",
    "res_pjsip_caller_id", "res_pjsip_dlg_options", "res_pjsip_dtmf_info", "res_pjsip_empty_info",
    "res_pjsip_endpoint_identifier_user", "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_outbound_registration", "res_pjsip_exten_state",
    "res_pjsip_header_funcs", "res_pjsip_logger", "res_pjsip_nat", "res_pjsip_pidf_body_generator",
    "res_pjsip_dialog_info_body_generator", "res_pjsip_xpidf_body_generator", "res_pjsip_refer",
    "res_pjsip_registrar", "res_pjsip_outbound_publish", "res_pjsip_rfc3326", "res_pjsip_rfc3329", "res_pjsip_sdp_rtp",
    "res_pjsip_sips_contact", "res_pjsip_transport_websocket", "chan_pjsip",
    "chan_bridge_media",
    # media
    "res_rtp_asterisk", "res_srtp", "res_format_attr_opus", "codec_ulaw", "codec_alaw", "codec_a_mu",
    "codec_gsm", "codec_opus_open_source", "codec_resample", "format_pcm", "format_wav",
    "format_gsm", "format_sln", "bridge_simple", "bridge_softmix", "bridge_holding",
    "bridge_native_rtp", "bridge_builtin_features", "bridge_builtin_interval_features",
    # control
    "res_stasis", "res_stasis_answer", "res_stasis_playback", "res_stasis_recording",
    "res_stasis_snoop", "res_stasis_device_state", "app_stasis",
    "res_ari", "res_ari_model", "res_ari_applications", "res_ari_asterisk",
    "res_ari_bridges", "res_ari_channels", "res_ari_device_states", "res_ari_endpoints",
    "res_ari_events", "res_ari_playbacks", "res_ari_recordings", "res_ari_sounds",
    "res_manager_devicestate",
    # dialplan
    "app_dial", "app_playback", "app_playtones", "app_mixmonitor", "app_stack", "app_celgenuserevent",
    "app_confbridge", "app_directed_pickup", "app_bridgeaddchan", "app_chanspy", "app_echo",
    "app_verbose", "app_senddtmf", "app_read", "app_exec", "app_milliwatt",
    "func_callerid", "func_channel", "func_strings", "func_logic", "func_hangupcause",
    "func_cut", "func_uri", "func_dialplan", "func_math", "func_timeout", "func_devstate", "func_pjsip_contact",
    "func_pjsip_endpoint", "func_pjsip_aor", "func_periodic_hook", "func_volume", "func_groupcount",
    "func_talkdetect",
    # journal
    "cel_custom",
)  # fmt: skip
"""In no special order: Asterisk sorts out what needs what."""

COPYING = ("res_hep", "res_hep_pjsip")
"""What sends copies of SIP messages; a switch that sends none is started without."""

NEEDED: tuple[str, ...] = (
    "chan_pjsip", "res_pjsip", "res_rtp_asterisk", "res_srtp", "res_ari", "res_ari_channels",
    "res_ari_bridges", "res_stasis", "app_stasis", "app_dial", "app_mixmonitor", "pbx_config",
    "cel_custom", "bridge_softmix",
)  # fmt: skip
"""Without these there is no emergency call; without one of the others something smaller is missing."""

_SIGNS = (
    ("res_ari", b"RESTRequest", "ARI requests over a WebSocket"),
    ("chan_pjsip", b"ari-only", "transfers by a phone under dispatch"),
)
"""What came with some minor version of 20, 21 and 22 is told by a word in the module, not by its number."""


def check_install(install: AsteriskInstall) -> None:
    """Raise :class:`Refusal` when this Asterisk lacks what every call needs."""
    lacking = install.missing_modules([f"{name}.so" for name in NEEDED])
    if not lacking:
        lacking = [
            what
            for module, sign, what in _SIGNS
            if sign not in (install.modules / f"{module}.so").read_bytes()
        ]
    if lacking:
        raise unavailable(
            "asterisk_lacks",
            f"Asterisk {install.version} in {install.modules} lacks: {', '.join(lacking)}.",
            "Remove it, so that the set-up installs one of its own, or install 22.10 or newer.",
        )
