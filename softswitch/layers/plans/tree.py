"""What was written, as a tree that knows its lines: the same from YAML and from JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from softswitch.errors import Kind, Refusal, invalid

MOST_BYTES = 256_000
DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Node:
    """A value with the line where it begins, counted from 1; 0: it was not read from a file."""

    value: Any  # str, int, bool, None, list[Node] or dict[str, Node]
    line: int = 0


def of_json(value: Any, deep: int = 0) -> Node:
    """Return a tree of what came as JSON."""
    if deep > DEEPEST:
        raise invalid("bad_plan", "The plan is nested too deeply.", "Write it flatter.")
    if isinstance(value, dict):
        return Node({str(key): of_json(each, deep + 1) for key, each in value.items()})
    if isinstance(value, list):
        return Node([of_json(each, deep + 1) for each in value])
    return Node(value)


def of_yaml(text: str) -> Node:
    """Return the tree of a YAML text, or refuse it with its line (YAML 1.1, without tags and aliases).

    Aliases are refused: a few lines of them stand for more than any memory holds.
    """
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise Refusal(
            Kind.TOO_LARGE,
            "too_large",
            "The plan is too long.",
            f"Give at most {MOST_BYTES} bytes.",
        )
    try:
        _check_events(yaml.parse(text, Loader=yaml.SafeLoader))
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise bad_line(line, f"it is no YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise bad_line(1, "it holds characters that YAML does not allow") from error
    if root is None:
        raise bad_line(1, "it is empty")
    return _node(root)


def bad_line(line: int, what: str) -> Refusal:
    """Return the refusal of one line."""
    return invalid(
        "bad_plan", f"Line {line}: {what}.", "Mend that line and try again.", field="yaml"
    )


def _check_events(events: Iterator[Any]) -> None:
    """Look at the text before it is built up, so that no text can make the building large or deep."""
    deep = 0
    for event in events:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise bad_line(line, "anchors and aliases are not allowed")
        if getattr(event, "tag", None):
            raise bad_line(line, "tags are not allowed")
        if isinstance(event, yaml.CollectionStartEvent):
            deep += 1
            if deep > DEEPEST:
                raise bad_line(line, "it is nested too deeply")
        elif isinstance(event, yaml.CollectionEndEvent):
            deep -= 1
        elif isinstance(event, yaml.DocumentStartEvent) and event.explicit and line > 1 and deep:
            raise bad_line(line, "one file holds one plan")


def _node(node: Any) -> Node:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return Node([_node(each) for each in node.value], line)
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise bad_line(key.start_mark.line + 1, "a name is a word")
            if key.value in found:
                raise bad_line(key.start_mark.line + 1, f"{key.value} stands there twice")
            found[key.value] = _node(value)
        return Node(found, line)
    return Node(_scalar(node), line)


def _scalar(node: Any) -> Any:
    """Only whole numbers, yes and no, and nothing are more than text: a number to dial keeps its zeros."""
    if node.style in ("'", '"', "|", ">"):
        return node.value
    if node.tag.endswith(":bool") and node.value.lower() in ("true", "false", "yes", "no"):
        return node.value.lower() in ("true", "yes")
    if node.tag.endswith(":null"):
        return None
    return node.value
