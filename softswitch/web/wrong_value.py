"""What is wrong with a value that a model does not take, in a sentence of ours in place of the library's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SENTENCES = {
    "missing": "{field} is missing.",
    "extra_forbidden": "{field} is not known here.",
    "int_type": "{field} must be a whole number.",
    "int_parsing": "{field} must be a whole number.",
    "int_parsing_size": "{field} is too large.",
    "int_from_float": "{field} must be a whole number.",
    "float_type": "{field} must be a number.",
    "float_parsing": "{field} must be a number.",
    "finite_number": "{field} must be a number.",
    "bool_type": "{field} must be true or false.",
    "bool_parsing": "{field} must be true or false.",
    "string_type": "{field} must be a text.",
    "string_too_long": "{field} has more than {max_length} characters.",
    "string_too_short": "{field} has fewer than {min_length} characters.",
    "string_pattern_mismatch": "{field} does not have the form that is wanted.",
    "list_type": "{field} must be a list.",
    "too_long": "{field} has more than {max_length} entries.",
    "too_short": "{field} has fewer than {min_length} entries.",
    "dict_type": "{field} must be an object.",
    "model_type": "{field} must be an object.",
    "model_attributes_type": "{field} must be an object.",
    "literal_error": "{field} must be one of {expected}.",
    "enum": "{field} must be one of {expected}.",
    "greater_than_equal": "{field} must be {ge} or more.",
    "less_than_equal": "{field} must be {le} or less.",
    "greater_than": "{field} must be more than {gt}.",
    "less_than": "{field} must be less than {lt}.",
}
"""By the kinds of errors of pydantic."""


def wrong_value(field: str, error: Mapping[str, Any]) -> str:
    """Return the sentence for an error of pydantic; ``field`` is empty for the whole body."""
    sentence = SENTENCES.get(error["type"])
    name = field or "The body"
    if sentence is None:
        return f"{name}: {error['msg']}."
    values = dict(error.get("ctx", {}))
    if "expected" in values:  # 'a', 'b' or 'c': without a word of English it stands in any language
        values["expected"] = values["expected"].replace("' or '", "', '")
    return sentence.format_map({**values, "field": name})
