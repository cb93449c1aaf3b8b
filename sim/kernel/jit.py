"""How functions of the kernel are compiled."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function in machine code, kept on disk and run without the GIL.

    numba ships no types: the signature that goes in is the one that comes out. Division by
    zero is not watched for: no divisor is 0.
    """
    compile_it = numba.njit(cache=True, nogil=True, error_model="numpy")
    return cast("Callable[P, R]", compile_it(function))

