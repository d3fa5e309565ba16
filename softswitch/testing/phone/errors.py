"""What can go wrong, as types: a test names the one that it expects."""

from __future__ import annotations


class PhoneError(Exception):
    """Base of everything that the test phone raises by itself."""


class ParseError(PhoneError):
    """Bytes that are no valid SIP, SDP, RTP or digest value: the one error of every parser here."""


class MediaError(PhoneError):
    """The two descriptions of the media do not fit together, or a media request is impossible."""


class NotReached(PhoneError):
    """The other end gave no final response in time, or no connection to it could be made."""


class RegistrationFailed(PhoneError):
    """The registrar refused; `status` is its SIP status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class RequestRefused(PhoneError):
    """A request inside a call got a final response that is no success."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class WaitTimeout(PhoneError, AssertionError):
    """A state did not come in time; the message tells what was seen instead.

    It is an AssertionError too, so that a test reads as failed, not as broken.
    """


class CallEndedEarly(PhoneError, AssertionError):
    """The call ended while a test waited for something else of it."""
