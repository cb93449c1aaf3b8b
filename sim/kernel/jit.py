"""How functions of the kernel are compiled, and where their machine code is kept.

numba keeps machine code by the file of each function, and does not see that a
function it calls has changed in another file. So the code is kept in a folder
named after the text of all of them: under the folder of `NUMBA_CACHE_DIR`, else
beside the modules; where that cannot be written to, where numba finds a place,
and if there is none, every process compiles for itself.
"""

from collections.abc import Callable
from enum import IntEnum
from hashlib import sha256
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba
from llvmlite import ir
from numba.core import cgutils, config, types
from numba.extending import intrinsic, overload

from sim import plan
from sim.tallies import BIN_BITS

CONSTANTS = [
    (name, [*value] if isinstance(value, type) else value)
    for name, value in sorted({**vars(plan), "BIN_BITS": BIN_BITS}.items())
    if isinstance(value, int) or (isinstance(value, type) and issubclass(value, IntEnum))
]
"""What machine code takes from modules that are not the kernel's: plain numbers."""
MARKS = (b"\n@", b"_COLUMNS = ", b"_COUNTS = ")
"""What a text has that becomes machine code, or names the columns of its tables."""

LINE = 64
"""Bytes of a cache line."""

P = ParamSpec("P")
R = TypeVar("R")


def _place() -> str:
    """Return the folder for the machine code of these very sources."""
    here = Path(__file__).parent
    texts = [file.read_bytes() for file in sorted(here.glob("*.py"))]
    sources = [text for text in texts if any(mark in text for mark in MARKS)]
    text = sha256(b"".join([*sources, repr(CONSTANTS).encode()])).hexdigest()
    kept_in = str(getattr(config, "CACHE_DIR", "")) or str(here / "__pycache__")
    return str(Path(kept_in) / f"kernel-{text[:16]}")


PLACE = _place()


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function in machine code, kept on disk and run without the GIL.

    numba ships no types: the signature that goes in is the one that comes out. Division by
    zero is not watched for: no divisor is 0.
    """
    return _compiled(function, {})


def called(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function in machine code that only machine code may call.

    A door for Python takes as long to compile as the function behind it.
    """
    return _compiled(function, {"no_cpython_wrapper": True})


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function in machine code that is copied to where machine code calls it.

    A call hands over every array in seven or nine words: more work than a short function does.
    """
    return _compiled(function, {"no_cpython_wrapper": True, "forceinline": True})


def _compiled(function: Callable[P, R], options: dict[str, Any]) -> Callable[P, R]:
    stated = getattr(config, "CACHE_DIR", "")
    setattr(config, "CACHE_DIR", PLACE)  # noqa: B010 - numba's types do not know it
    options = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True, **options}
    try:
        made = numba.njit(cache=True, **options)(function)
    except RuntimeError:
        # numba found no place that can be written to.
        made = numba.njit(**options)(function)
    finally:
        setattr(config, "CACHE_DIR", stated)  # noqa: B010
    if hasattr(made, "get_call_template"):
        # Else numba leaves functions as they are.
        _take_any_number(made)
    return cast("Callable[P, R]", made)


def _take_any_number(made: Any) -> None:  # noqa: ANN401 - numba ships no types
    """Let one version of a function serve all numbers.

    numba makes one for each constant, and for each length of a number.
    """
    chosen: Any = made.get_call_template

    def get_call_template(args: Any, kws: Any) -> Any:  # noqa: ANN401
        named = {name: _whole(kind) for name, kind in kws.items()}
        return chosen([_whole(kind) for kind in args], named)

    made.get_call_template = get_call_template


def _whole(kind: Any) -> Any:  # noqa: ANN401 - numba's own types
    """Return the kind of number as which a function takes one of this kind."""
    plain = _PLAIN(kind)
    return types.intp if plain in _SHORTER else plain


_PLAIN: Any = types.unliteral
_SHORTER: Any = (types.int8, types.int16, types.int32)


def borrowed(arrays: R) -> R:
    """Return the same array, or tuple of arrays, of which machine code counts no references.

    Counting is atomic and took two thirds of the time; the caller keeps the arrays alive.
    """
    return arrays


def _without_owner(_: Any, arrays: Any) -> Any:  # noqa: ANN401 - numba's own types
    """Return signature and code of arrays whose owners are left out."""

    def code(context: Any, builder: Any, _: Any, args: Any) -> Any:  # noqa: ANN401
        return _ownerless(context, builder, arrays, args[0])

    return arrays(arrays), code


def _ownerless(context: Any, builder: Any, kind: Any, value: Any) -> Any:  # noqa: ANN401
    """Return an array, or a tuple of arrays, without owners."""
    if isinstance(kind, types.Array):
        made = context.make_array(kind)(context, builder, value)
        made.meminfo = _NULL(made.meminfo.type)
        return made._getvalue()  # noqa: SLF001 - as numba itself does
    for at, part in enumerate(kind.types):
        inner = _ownerless(context, builder, part, builder.extract_value(value, at))
        value = builder.insert_value(value, inner, at)
    return value


def rows_of(table: R, columns: int) -> R:  # noqa: ARG001 - machine code is told
    """Return the same table, borrowed, of which machine code knows the columns but no length.

    No index into it is negative: else machine code asks of each whether it counts from the end.

    Parameters
    ----------
    columns
        Length of a row; 1 for an array of one dimension.
    """
    return table


def _of_known_rows(_: Any, table: Any, columns: Any) -> Any:  # noqa: ANN401, ARG001 - numba types
    """Return signature and code of a table without owner and length."""

    def code(context: Any, builder: Any, _: Any, args: Any) -> Any:  # noqa: ANN401
        made = context.make_array(table)(context, builder, args[0])
        made.meminfo = _NULL(made.meminfo.type)
        inner = [args[1]] * (table.ndim - 1)
        size = _SIZE(builder, made.data.type)
        made.shape = _PACK(builder, [args[1].type(0), *inner])
        strides = [*(builder.mul(length, size) for length in inner), size]
        made.strides = _PACK(builder, strides)
        return made._getvalue()  # noqa: SLF001 - as numba itself does

    return table(table, types.intp), code


_NULL: Any = cgutils.get_null_value
_PACK: Any = cgutils.pack_array
_SIZE: Any = cgutils.sizeof
_KNOWN: Any = intrinsic(_of_known_rows)
_BORROW: Any = intrinsic(_without_owner)


@overload(borrowed, strict=False)
def _borrowed(arrays: Any) -> Any:  # noqa: ANN401, ARG001 - numba reads its type
    """Return what machine code does for `borrowed`."""
    return lambda arrays: _BORROW(arrays)  # noqa: PLW0108 - numba wants a function


@overload(rows_of, strict=False)
def _rows_of(table: Any, columns: Any) -> Any:  # noqa: ANN401, ARG001 - numba reads its types
    """Return what machine code does for `rows_of`."""
    return lambda table, columns: _KNOWN(table, columns)  # noqa: PLW0108 - numba wants a function


def prefetch(table: Any, row: int) -> None:  # noqa: ANN401 - an array of any kind
    """Let a row be brought into the cache, to be written, while something else is done."""


def prefetch_read(table: Any, row: int) -> None:  # noqa: ANN401 - an array of any kind
    """Let a row that others read too be brought into the cache."""


def fetch(table: Any, row: int) -> None:  # noqa: ANN401 - an array of any kind
    """Let a row of two cache lines be brought into the cache, to be written."""


def _touch(is_written: int, lines: int) -> Any:  # noqa: ANN401 - an intrinsic of numba
    """Return what brings so many cache lines of a row into the cache."""

    def touch(_: Any, table: Any, row: Any) -> Any:  # noqa: ANN401, ARG001 - numba types
        """Return signature and code of a row's prefetch."""

        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ANN401
            made = context.make_array(signature.args[0])(context, builder, args[0])
            stride = builder.extract_value(made.strides, 0)
            begin = builder.ptrtoint(made.data, stride.type)
            at = builder.add(begin, builder.mul(args[1], stride))
            number = ir.IntType(32)
            kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, number, number, number])
            call = builder.module.declare_intrinsic("llvm.prefetch", [cgutils.voidptr_t], kind)
            for line in range(lines):
                begin = builder.add(at, ir.Constant(at.type, line * LINE))
                pointer = builder.inttoptr(begin, cgutils.voidptr_t)
                # To stay in all caches, data.
                builder.call(call, [pointer, number(is_written), number(3), number(1)])
            return context.get_dummy_value()

        return types.void(table, types.intp), code

    return intrinsic(touch)


_TOUCH: Any = _touch(1, 1)
_FETCH: Any = _touch(1, 2)
_LOOK: Any = _touch(0, 1)


@overload(prefetch, strict=False)
def _prefetch(table: Any, row: Any) -> Any:  # noqa: ANN401, ARG001 - numba reads its types
    """Return what machine code does for `prefetch`."""
    return lambda table, row: _TOUCH(table, row)  # noqa: PLW0108 - numba wants a function


@overload(fetch, strict=False)
def _fetch(table: Any, row: Any) -> Any:  # noqa: ANN401, ARG001 - numba reads its types
    """Return what machine code does for `fetch`."""
    return lambda table, row: _FETCH(table, row)  # noqa: PLW0108 - numba wants a function


@overload(prefetch_read, strict=False)
def _prefetch_read(table: Any, row: Any) -> Any:  # noqa: ANN401, ARG001 - numba reads its types
    """Return what machine code does for `prefetch_read`."""
    return lambda table, row: _LOOK(table, row)  # noqa: PLW0108 - numba wants a function


def bit_length(number: int) -> int:
    """Return how many binary digits a number from 0 to 2**63 - 1 has."""
    return int(number).bit_length()


def _digits(_: Any, number: Any) -> Any:  # noqa: ANN401, ARG001 - numba types
    """Return signature and code of `bit_length`."""

    def code(context: Any, builder: Any, _: Any, args: Any) -> Any:  # noqa: ANN401, ARG001
        zeros = builder.ctlz(args[0], ir.Constant(ir.IntType(1), 0))
        return builder.sub(ir.Constant(zeros.type, 64), zeros)

    return types.intp(types.intp), code


_DIGITS: Any = intrinsic(_digits)


@overload(bit_length, strict=False)
def _bit_length(number: Any) -> Any:  # noqa: ANN401, ARG001 - numba reads its type
    """Return what machine code does for `bit_length`."""
    return lambda number: _DIGITS(number)  # noqa: PLW0108 - numba wants a function
