"""What each ban refused (R17): found again from the closures of the run and their routes.

In: one run. Out: TEU by closure. The run says that a ban refused a consignment and when;
the plan says which routes of its flow each ban closes.
"""

import numpy as np

from sim.measures.scope import Scope
from sim.plan import Status


def refused_by_ban(run: Scope) -> list[tuple[str, float]]:
    """Return the id of each ban, and the TEU refused in the window while it closed their route.

    Notes
    -----
    Where several bans together leave no route, each of them has refused the consignment: the
    figures may add up to more than is refused.
    """
    plan, seen = run.plan, run.seen
    refused = np.flatnonzero(run.is_gone & (seen.consignment_status == Status.REFUSED_BAN))
    found: list[tuple[str, float]] = []
    for ban, closure in enumerate(plan.ban_closure.tolist()):
        routes = plan.ban_route[int(plan.ban_first[ban]) : int(plan.ban_first[ban + 1])]
        is_its = np.isin(seen.consignment_flow[refused], plan.route_flow[routes])
        at_s = seen.consignment_finished_s[refused, None]
        events = seen.closure_index == closure
        starts_s, ends_s = seen.closure_start_s[events], seen.closure_end_s[events]
        in_force = ((at_s >= starts_s) & (at_s < ends_s)).any(axis=1)
        teu = float(run.teu(refused[is_its & in_force]).sum())
        found.append((run.legend.closure_id[closure], teu))
    return found
