"""The reference page of all settings, from the docstrings of their groups."""

from __future__ import annotations

import ast
import inspect
from dataclasses import MISSING, Field, fields
from itertools import pairwise
from typing import Any

import xenia.settings
from xenia.settings import groups
from xenia.settings.sources import PREFIX


def reference_page() -> str:
    """The reference page of all settings (Markdown)."""
    lines = ["# Settings", "", (inspect.getdoc(xenia.settings) or "").split("\n\n", 1)[1], ""]
    tree = ast.parse(inspect.getsource(groups))
    for table, kind in groups.GROUPS:
        lines += [f"## [{table}]", "", inspect.getdoc(kind) or "", ""]
        lines += ["| Setting | Flag | Environment | Default | Meaning |", "|---|---|---|---|---|"]
        texts = _attribute_docs(tree, kind.__name__)
        for item in fields(kind):
            lines.append(_reference_row(item, texts[item.name]))
        lines.append("")
    return "\n".join(lines)


def _attribute_docs(tree: ast.Module, class_name: str) -> dict[str, str]:
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == class_name)
    texts = {}
    for node, after in pairwise(body):
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            texts[ast.unparse(node.target)] = str(after.value.value)
    return texts


def _reference_row(item: Field[Any], text: str) -> str:
    variable = f"`{PREFIX}{item.name.upper()}`"
    if item.metadata.get("secret"):
        variable += f", `{PREFIX}{item.name.upper()}_FILE`"
    if item.default is not MISSING:
        default = item.default
        shown = ", ".join(map(str, default)) if isinstance(default, tuple) else str(default)
        shown = (
            f"`{shown.lower() if isinstance(default, bool) else shown}`"
            if default not in ("", None, ())
            else ""
        )
    else:
        shown = "of the platform" if item.name == "data" else "by cores"
    flag = f"`--{item.name.replace('_', '-')}`" if item.metadata.get("flag", True) else ""
    return f"| `{item.name}` | {flag} | {variable} | {shown} | {text} |"
