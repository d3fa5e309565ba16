"""What a dialled digit or a Resource-Priority header claims."""

from __future__ import annotations

import pytest

from intercept.model import Precedence
from intercept.precedence import NAMESPACES, precedence_of


@pytest.mark.parametrize(("digit", "level"), enumerate(Precedence))
def test_digits(digit: int, level: Precedence) -> None:
    assert precedence_of(str(digit)) is level


@pytest.mark.parametrize(
    ("header", "level"),
    [
        ("dsn.flash-override", 0), ("dsn.flash", 1), ("DSN.Immediate", 2), ("dsn.priority", 3),
        ("dsn.routine", 4), ("q735.0", 0), ("q735.4", 4), ("ets.1", 1), ("wps.3", 3),
        ("dsn.flashwps.0", 0), ("wps.3dsn.immediate", 2), ("foo.1wps.3", 3),
    ],
)  # fmt: skip
def test_headers(header: str, level: int) -> None:
    assert precedence_of(header) == level


@pytest.mark.parametrize(
    "header", ["", "5", "-1", "foo.1", "dsn", "dsn.", "q735.9", "wps.-1", "00"]
)
def test_what_is_unknown_claims_nothing(header: str) -> None:
    assert precedence_of(header) is None


def test_the_four_namespaces_have_five_levels_each() -> None:
    assert set(NAMESPACES) == {"dsn", "q735", "ets", "wps"}
    for values in NAMESPACES.values():
        assert sorted(values.values()) == list(Precedence)
