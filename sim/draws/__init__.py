"""Every random number of a run, as a pure function of its key (R3-R5, R15).

`hashing` makes keys, `tables` turns laws into integer quantile tables, and
`choice`, `arrivals` and `closures` draw what is settled before a run. Nothing
here remembers a draw: any number can be had again, alone and in any order.
"""

from sim.draws.hashing import ARRIVAL, CHOICE, CLOSURE, SERVICE, mix, mix_array, stable_key, stream
from sim.draws.tables import (
    build_table,
    check_range,
    duration_array_s,
    duration_s,
    exponential_table,
    gumbel_table,
    quantile,
    quantile_array,
)

__all__ = [
    "ARRIVAL",
    "CHOICE",
    "CLOSURE",
    "SERVICE",
    "build_table",
    "check_range",
    "duration_array_s",
    "duration_s",
    "exponential_table",
    "gumbel_table",
    "mix",
    "mix_array",
    "quantile",
    "quantile_array",
    "stable_key",
    "stream",
]
