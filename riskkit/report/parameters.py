"""What a notebook may be given: its cell tagged `parameters`, held to types and comments.

papermill itself only warns of an unknown parameter, and then runs on defaults.
"""

from __future__ import annotations

import ast
import io
import json
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from riskkit.errors import ReportError, SettingsError

TAG = "parameters"

TYPES: Mapping[str, type] = {"str": str, "int": int, "float": float, "bool": bool, "None": type(None)}
"""What a parameter may be, alone or joined by `|`."""

EXAMPLE = "period: str | None = None  # month or quarter, such as 2026-10"


@dataclass(frozen=True, slots=True)
class NotebookParameter:
    """One parameter: `types` are names of TYPES, `help` is the comment beside it."""

    name: str
    types: tuple[str, ...]
    default: Any
    help: str

    def accepts(self, value: object) -> bool:
        """Whether a value is of one of the types; a whole number is a float too, a bool is no number."""
        kind = type(value)
        return any(kind is TYPES[name] or (name == "float" and kind is int) for name in self.types)

    def __str__(self) -> str:
        return f"{self.name} ({' or '.join(self.types)})"


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook file: its text and its parameters by name."""

    path: Path
    text: str
    parameters: Mapping[str, NotebookParameter]

    @property
    def name(self) -> str:
        """The file's name without its ending, such as `01_audit_trail`."""
        return self.path.stem

    @classmethod
    def read(cls, path: Path) -> Notebook:
        """Read a notebook of format 4.

        Raises ReportError when it is none, or when a parameter has no type, comment or plain default.
        """
        try:
            text = path.read_text(encoding="utf-8")
            content = json.loads(text)
            cells = [cell for cell in content["cells"] if TAG in cell.get("metadata", {}).get("tags", ())]
            if content["nbformat"] != 4:  # noqa: PLR2004 - the one format since 2015
                raise ValueError
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ReportError(
                "cannot be read as a notebook of format 4", file=path, do="Open and save it in JupyterLab"
            ) from error
        if len(cells) != 1:
            count = "no cell" if not cells else f"{len(cells)} cells"
            raise ReportError(
                f"has {count} tagged {TAG}", file=path, do=f"Tag one, with lines such as `{EXAMPLE}`"
            )
        source = cells[0].get("source", "")
        source = source if isinstance(source, str) else "".join(source)
        return cls(path, text, {parameter.name: parameter for parameter in _parameters(source, path)})


def validate(notebook: Notebook, given: Mapping[str, object]) -> None:
    """Raise SettingsError when a notebook is given what it does not know or what has a wrong type.

    Values are not repeated in the message.
    """
    allowed = ", ".join(str(parameter) for parameter in notebook.parameters.values()) or "none"
    for name, value in given.items():
        parameter = notebook.parameters.get(name)
        if parameter is None:
            raise SettingsError(
                f"has no parameter {name!r}", file=notebook.path, do=f"Its parameters: {allowed}"
            )
        if not parameter.accepts(value):
            found = "None" if value is None else type(value).__name__
            raise SettingsError(f"takes no {found} for the parameter {parameter}", file=notebook.path)


def _parameters(source: str, path: Path) -> Iterator[NotebookParameter]:
    try:
        statements = ast.parse(source).body
        comments = dict(_comments(source))
    except (SyntaxError, tokenize.TokenError) as error:
        raise ReportError(f"the cell tagged {TAG} is not Python", file=path) from error
    seen: set[str] = set()
    last_line = 0
    for statement in statements:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=ast.expr() as value):
                pass
            case _:
                raise _wrong(statement, "is no typed assignment", path)
        if statement.lineno <= last_line:
            raise _wrong(statement, "shares its line with another", path)
        last_line = statement.end_lineno or statement.lineno
        types = tuple(_types(annotation))
        if not types:
            raise _wrong(statement, f"has a type other than {', '.join(TYPES)} joined by |", path)
        if not comments.get(last_line):
            raise _wrong(statement, "has no comment that explains it", path)
        try:
            default = ast.literal_eval(value)
        except (ValueError, TypeError, SyntaxError) as error:
            raise _wrong(statement, "has a default that is no plain value", path) from error
        parameter = NotebookParameter(name, types, default, comments[last_line])
        if not parameter.accepts(default):
            raise _wrong(statement, "has a default that is not of its type", path)
        if name in seen:
            raise _wrong(statement, "is there twice", path)
        seen.add(name)
        yield parameter


def _types(annotation: ast.expr) -> Iterator[str]:
    """The names of the types of an annotation; nothing when one of them is not allowed."""
    match annotation:
        case ast.Name(id=name) if name in TYPES:
            yield name
        case ast.Constant(value=None):
            yield "None"
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            both = [*_types(left)], [*_types(right)]
            yield from both[0] + both[1] if all(both) else ()


def _comments(source: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("# ").strip()


def _wrong(statement: ast.stmt, what: str, path: Path) -> ReportError:
    named = getattr(getattr(statement, "target", None), "id", "")
    which = f"the parameter {named}" if named else f"line {statement.lineno}"
    return ReportError(f"{which} of the cell tagged {TAG} {what}", file=path, do=f"Write it as `{EXAMPLE}`")
