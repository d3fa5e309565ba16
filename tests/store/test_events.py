"""Every registered fact goes through JSON and comes back equal."""

from __future__ import annotations

import json
import typing
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.access.rights import Right
from softswitch.events import CallEnded, Fact, UnknownKindError, fact, from_json, kinds, to_json


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    cls = draw(st.sampled_from(sorted(kinds().values(), key=lambda one: one.kind)))
    hints = typing.get_type_hints(cls)
    values = {
        name: draw(st.from_type(hint)) for name, hint in hints.items() if name in to_names(cls)
    }
    return cls(**values)


def to_names(cls: type[Fact]) -> set[str]:
    return set(cls.__dataclass_fields__)  # type: ignore[attr-defined]


@given(facts())
def test_a_fact_comes_back_equal(event: Fact) -> None:
    assert from_json(event.kind, json.loads(json.dumps(to_json(event)))) == event


def test_each_kind_names_a_right_that_exists() -> None:
    assert {cls.right for cls in kinds().values()} <= set(Right)


def test_fields_of_a_later_release_are_passed_over() -> None:
    body = {**to_json(CallEnded("c", 1, 16)), "later": 5}
    assert from_json("call.ended", body) == CallEnded("c", 1, 16)


def test_an_unknown_kind_has_its_own_error() -> None:
    with pytest.raises(UnknownKindError, match=r"call\.teleported"):
        from_json("call.teleported", {})


def test_two_facts_of_one_kind_are_a_mistake() -> None:
    with pytest.raises(TypeError, match=r"two facts call\.ended"):
        fact("call.ended")(CallEnded)


def test_a_field_that_does_not_go_through_json_is_a_mistake() -> None:
    @dataclass(frozen=True, slots=True)
    class Bad(Fact):
        when: set[str]

    with pytest.raises(TypeError, match=r"Bad\.when"):
        fact("test.bad")(Bad)
    assert "test.bad" not in kinds()
