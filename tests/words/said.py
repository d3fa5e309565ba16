"""Every sentence of a refusal that the code can say, read from the code itself."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("softswitch", "intercept", "smsgateway", "trunk")
NOT_FOUND = ast.parse('f"There is no {what} {which}."', mode="eval").body
"""What :func:`softswitch.errors.not_found` says."""
Function = tuple[ast.FunctionDef | ast.AsyncFunctionDef, list[ast.Call]]
"""With every call in it."""
Names = dict[str, list[ast.expr]]
"""What a name can stand for."""


@dataclass(frozen=True, order=True)
class Said:
    """One sentence of one code; ``{}`` stands for what is put in."""

    code: str
    english: str
    where: str


@dataclass(frozen=True)
class Maker:
    """A function that makes refusals: where its code and its two sentences are found, by argument or as they stand."""

    code: ast.expr | str
    sentences: tuple[ast.expr | str, ...]
    parameters: tuple[str, ...]


def _maker(parameters: str, code: str, *sentences: str) -> Maker:
    return Maker(code, sentences, tuple(parameters.split()))


MAKERS = {
    "Refusal": _maker("kind code message next_step", "code", "message", "next_step"),
    **dict.fromkeys(
        ("invalid", "conflict", "forbidden", "unavailable", "told"),
        _maker("code message next_step", "code", "message", "next_step"),
    ),
    "Check": _maker("name state what mend", "name", "what", "mend"),
    "sound": _maker("name code message next_step", "code", "message", "next_step"),
    **dict.fromkeys(
        ("UsageError", "BadParameter", "fail"),
        Maker(ast.Constant("wrong_usage"), ("message",), ("message",)),
    ),
    "NotReachableError": Maker(
        ast.Constant("not_reachable"), ("message", "next_step"), ("message", "next_step")
    ),
}


def all_said() -> list[Said]:
    """Return all sentences of all packages."""
    files = (file for name in PACKAGES for file in (ROOT / name).rglob("*.py"))
    return sorted({said for file in files for said in _of_file(file)})


def _of_file(file: Path) -> Iterator[Said]:
    if file == ROOT / "softswitch" / "errors.py":
        return
    text = file.read_text()
    if not any(name in text for name in (*MAKERS, "not_found")):
        return
    tree = ast.parse(text)
    constants = _constants(tree.body)
    functions = [
        (node, [call for call in ast.walk(node) if isinstance(call, ast.Call)])
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    makers = dict(MAKERS)
    for _ in range(2):  # a function that calls a function
        makers |= _local_makers(functions, makers)
    local = makers.keys() - MAKERS.keys()
    inside = {id(call) for function, calls in functions if function.name in local for call in calls}
    names = {
        id(call): constants | _constants(ast.walk(function))
        for function, calls in functions
        for call in calls
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name, where = _name(node), f"{file.relative_to(ROOT)}:{node.lineno}"
        if name == "not_found":
            yield from _not_found(node, where)
        elif name in makers:
            known = names.get(id(node), constants)
            yield from _of_call(node, makers[name], where, known, id(node) in inside)


def _of_call(
    call: ast.Call, maker: Maker, where: str, constants: Names, inside: bool
) -> Iterator[Said]:
    given = _given(call, maker.parameters)
    codes = _texts(_found(maker.code, given), constants)
    for sentence in maker.sentences:
        for code, text in product(codes, _texts(_found(sentence, given), constants)):
            if says_something(text) and not (inside and "{" in code):
                yield Said(code, text, where)


def says_something(text: str) -> bool:
    """Tell whether a sentence has words of its own beside what is put in."""
    return sum(letter.isalpha() for letter in text) > 3


def _not_found(call: ast.Call, where: str) -> Iterator[Said]:
    given = _given(call, ("what", "which", "next_step"))
    for what in _texts(given.get("what"), {}):
        code = f"{what.replace(' ', '_')}_not_found"
        yield Said(code, f"There is no {what} {{}}.", where)
        for text in _texts(given.get("next_step"), {}):
            if text:
                yield Said(code, text, where)


def _found(place: ast.expr | str, given: dict[str, ast.expr]) -> ast.expr | None:
    return given.get(place) if isinstance(place, str) else place


def _given(call: ast.Call, parameters: tuple[str, ...]) -> dict[str, ast.expr]:
    named = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    return dict(zip(parameters, call.args, strict=False)) | named


def _local_makers(functions: list[Function], makers: dict[str, Maker]) -> dict[str, Maker]:
    """Functions of this file that hand their arguments on to one that makes refusals."""
    found = {}
    for function, calls in functions:
        parameters = tuple(
            arg.arg for arg in (*function.args.args, *function.args.kwonlyargs) if arg.arg != "self"
        )
        for call in calls:
            if (maker := makers.get(_name(call))) is None:
                continue
            given = _given(call, maker.parameters)
            places = [
                _handed_on(_found(p, given), parameters) for p in (maker.code, *maker.sentences)
            ]
            if any(isinstance(place, str) for place in places):
                code, *sentences = (p if p is not None else ast.Constant("") for p in places)
                found[function.name] = Maker(code, tuple(sentences), parameters)
    return found


def _handed_on(value: ast.expr | None, parameters: tuple[str, ...]) -> ast.expr | str | None:
    if isinstance(value, ast.Name) and value.id in parameters:
        return value.id
    return value


def _name(call: ast.Call) -> str:
    function = call.func
    if ast.unparse(function) == "super().__init__":  # of a refusal with a class of its own
        return "Refusal"
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _constants(nodes: Iterable[ast.AST]) -> Names:
    found: Names = {}
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
    return found


def _texts(value: ast.expr | None, constants: Names) -> list[str]:
    """Return what an expression can be, with ``{}`` for what is not known."""
    match value:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            pieces = [
                _texts(part, constants) if isinstance(part, ast.Constant) else ["{}"]
                for part in parts
            ]
            return ["".join(chosen) for chosen in product(*pieces)]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            both = product(_texts(left, constants), _texts(right, constants))
            return [first + second for first, second in both]
        case ast.IfExp(body=body, orelse=other):
            return _texts(body, constants) + _texts(other, constants)
        case ast.Name(id=name) if name in constants:
            return [text for one in constants[name] for text in _texts(one, {})]
        case None:
            return [""]
    return ["{}"]
