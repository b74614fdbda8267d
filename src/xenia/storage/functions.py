"""The text functions whose names differ between the databases."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class Position(FunctionElement[int]):
    """``Position(text, part)``: where *part* begins in *text*, counted from 1; 0 when it is not there."""

    type = sa.Integer()
    name = "position_of"
    inherit_cache = True


class Tail(FunctionElement[str]):
    """``Tail(text, count)``: the last *count* characters."""

    type = sa.Text()
    name = "tail_of"
    inherit_cache = True


class RandomText(FunctionElement[str]):
    """``RandomText()``: text that will not come again, made by the database."""

    type = sa.Text()
    name = "random_text"
    inherit_cache = True


@compiles(Position, "sqlite")
def _instr(element: Position, compiler: SQLCompiler, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(Position, "postgresql")
def _strpos(element: Position, compiler: SQLCompiler, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


@compiles(Tail, "sqlite")
def _substr(element: Tail, compiler: SQLCompiler, **options: Any) -> str:
    text, count = element.clauses
    return f"substr({compiler.process(text, **options)}, -{compiler.process(count, **options)})"


@compiles(Tail, "postgresql")
def _right(element: Tail, compiler: SQLCompiler, **options: Any) -> str:
    return f"right({compiler.process(element.clauses, **options)})"


@compiles(RandomText, "sqlite")
def _randomblob(element: RandomText, compiler: SQLCompiler, **options: Any) -> str:
    del element, compiler, options
    return "hex(randomblob(16))"


@compiles(RandomText, "postgresql")
def _random_uuid(element: RandomText, compiler: SQLCompiler, **options: Any) -> str:
    del element, compiler, options
    return "gen_random_uuid()::text"
