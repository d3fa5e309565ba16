"""What mainland carriers ask of a text: one signature 【…】, and the words of opting out where it advertises.

A text without its registered signature, or with a second pair of brackets, is thrown away by the carrier without a
receipt, so it is refused here.
"""

from __future__ import annotations

import re

from softswitch.errors import invalid

OPEN, CLOSE = "【", "】"
SHORTEST, LONGEST = 2, 20
OPT_OUT = "拒收请回复R"
_SIGNATURE = re.compile(r"[\w·&（）() -]+")
_SIGNED = re.compile(f"{OPEN}[^{CLOSE}]*{CLOSE}")


def signature(text: str) -> str:
    """Return a signature without its brackets, or refuse it (``bad_signature``)."""
    bare = text.strip().removeprefix(OPEN).removesuffix(CLOSE).strip()
    if not bare:
        return ""
    if not SHORTEST <= len(bare) <= LONGEST or not _SIGNATURE.fullmatch(bare):
        raise invalid(
            "bad_signature",
            f"【{bare[:40]}】 is no signature.",
            f"Give {SHORTEST} to {LONGEST} characters or letters, as registered with the carrier.",
            field="signature",
        )
    return bare


def spoken(text: str) -> str:
    """Return what a voice says of a text as it is sent: without signature and the words of opting out."""
    body = _SIGNED.sub("", text.strip())
    return body.removesuffix(OPT_OUT).removesuffix("，").strip()


def signed(text: str, sign: str, *, opt_out: bool = False) -> str:
    """Return the text as it is sent: the signature before it, the words of opting out behind it.

    Refuses (``signature_twice``) a text that has brackets of its own: the carrier takes the first for the signature.
    A text that begins with the same signature is not signed again.
    """
    body = text.strip()
    if sign:
        body = body.removeprefix(f"{OPEN}{sign}{CLOSE}").lstrip()
        if OPEN in body or CLOSE in body:
            raise invalid(
                "signature_twice",
                "The text holds brackets 【】 of its own.",
                "Use other brackets: the carrier takes 【】 for the signature.",
                field="text",
            )
        body = f"{OPEN}{sign}{CLOSE}{body}"
    if opt_out and OPT_OUT not in body:
        body = f"{body}，{OPT_OUT}" if body and body[-1] not in "，。！？,.!?" else body + OPT_OUT
    return body
