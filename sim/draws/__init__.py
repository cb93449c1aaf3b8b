"""Every random number of a run, as a pure function of its key (R3-R5, R15).

`hashing` makes keys, `tables` turns laws into integer quantile tables, and
`choice`, `arrivals` and `closures` draw what is settled before a run, `consignments`
puts it together by pieces of the run. Nothing here remembers a draw: any number can be
had again, alone and in any order.
"""

from sim.draws.arrivals import (
    Arrivals,
    Intensity,
    arrival_times,
    build_intensity,
    consignment_keys,
)
from sim.draws.choice import NO_SHARE, choose, choose_routes, log_share_fp
from sim.draws.closures import (
    AT_DATES,
    COPIES_ONLY,
    ClosureIntervals,
    ClosureLaw,
    RandomClosures,
    build_closures,
    closure_intervals,
)
from sim.draws.hashing import ARRIVAL, CHOICE, CLOSURE, SERVICE, mix, mix_array, stable_key, stream
from sim.draws.replication import draw
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
    "AT_DATES",
    "CHOICE",
    "CLOSURE",
    "COPIES_ONLY",
    "NO_SHARE",
    "SERVICE",
    "Arrivals",
    "ClosureIntervals",
    "ClosureLaw",
    "Intensity",
    "RandomClosures",
    "arrival_times",
    "build_closures",
    "build_intensity",
    "build_table",
    "check_range",
    "choose",
    "choose_routes",
    "closure_intervals",
    "consignment_keys",
    "draw",
    "duration_array_s",
    "duration_s",
    "exponential_table",
    "gumbel_table",
    "log_share_fp",
    "mix",
    "mix_array",
    "quantile",
    "quantile_array",
    "stable_key",
    "stream",
]
