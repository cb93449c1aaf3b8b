"""Columns of the kernel's tables: one row a traveller, vehicle, pool, fleet or vessel.

A traveller is a consignment (its index), the claim of a pool for room (N + pool)
or a vehicle (N + P + its number). Its row fills one cache line.
"""

# --- travellers
T_NEXT, T_PREV = 0, 1
"""Neighbours in a queue; a consignment's next aboard, or among those that go on."""
T_REQUEST = 2
T_CLASS = 3
"""Which of the plan's priorities it has, in ascending order."""
T_ROW = 4
"""Row whose server it gives back; in a pool: the last vehicle that had left before it joined."""
T_UNTIL, T_BEGUN = 5, 6
"""End of the motion or service begun last, and place x causes + cause of it."""
T_SHARE = 7
"""First share: for whom its seconds count, or NEVER."""
TRAVELLER_COLUMNS = 8

# --- vehicles
V_POOL, V_DEPARTED, V_ENDED, V_LOAD = 0, 1, 2, 3
"""The columns of the Trace."""
V_LEG, V_ELEMENT, V_PHASE = 4, 5, 6
V_VESSEL = 7
V_ABOARD = 8
"""First consignment aboard."""
V_YARD = 9
"""Yard at the end of the leg in which room is reserved (R13)."""
V_ROOM = 10
"""First entry of the room that its load takes where it boarded: yard, load, next."""
V_AFTER = 11
"""Next vehicle from the same pool."""
V_FILLED, V_AT_HAND, V_FREE, V_OPEN = 12, 13, 14, 15
"""When it passed each gate."""
VEHICLE_COLUMNS = 16

# --- what a vehicle does when its turn comes
TO_ELEMENT, AT_SERVER, MOVING, MOORING, IN_HOLD, IN_LONG_HOLD, TURNED_AWAY, FOUND = range(8)

# --- pools
P_FILLED, P_AT_HAND, P_FREE, P_OPEN = 0, 1, 2, 3
P_OLDEST = 4
P_FIRST, P_LAST, P_BEFORE, P_LEFT = 5, 6, 7, 8
"""First and last vehicle that left, the last one that left before that second, the second."""
P_CLAIM = 9
"""NO_CLAIM, CLAIM_WAITS or CLAIM_GRANTED."""
P_CLAIM_LOAD = 10
P_HELD = 11
"""Trains held so long that none departs."""
P_LOAD = 12
"""Load that waits, by class."""
POOL_COLUMNS = 17
NO_CLAIM, CLAIM_WAITS, CLAIM_GRANTED = 0, 1, 2

# --- fleets: two columns where the ends differ
F_SIZE = 0
F_DUE = 1
F_NEXT_EMPTY = 3
F_IDLE = 5
F_LAID_FIRST, F_LAID_LAST = 7, 8
F_LYING = 9
"""How many lie idle."""
F_DAY, F_COUNT = 11, 15
"""(kind x 2 + end - 2) of trips without load: the last day on which one began, how many then."""
FLEET_COLUMNS = 19

# --- vessels
U_END, U_FLEET, U_TRIP, U_PHASE, U_NEXT, U_SINCE = 0, 1, 2, 3, 4, 5
U_BERTHED, U_BERTH_START, U_BERTH_ROW, U_CALL = 6, 7, 8, 9
"""Trip with which it moored (NEVER: not at a berth), when, at which row, drawn call time."""
U_LAID = 10
"""Next among those that are laid up."""
VESSEL_COLUMNS = 11

# --- what a vessel does when its turn comes
ARRIVE, MOORED, CALLED_LADEN, CALLED, REST, ORDERED, SAIL, LAY_UP = range(8)

# --- events: instant << 32 | kind << 29 | index
MARK, TRAVELLER, TIMETABLE, VESSEL, ALARM, HAND = range(6)
"""A station to look again; a traveller, a departure, a vessel; a train held too long; a
service that closing can stop."""
KIND_BIT = 29
INDEX_MASK = (1 << KIND_BIT) - 1

# --- services in hand that closing can stop (R15)
H_ROW, H_FIRST, H_START, H_DRAWN, H_LEFT, H_ENDS = 0, 1, 2, 3, 4, 5
H_STOPPED, H_CAUSE, H_CLOSURE, H_NEXT, H_PREV = 6, 7, 8, 9, 10
"""Row, first traveller, begin, time drawn, left and end; since when and by which closure it
is stopped; neighbours among those at work (or unused)."""
HAND_COLUMNS = 11

# --- linked rows
FORCE_CLOSURE, FORCE_START, FORCE_NEXT = 0, 1, 2
"""Closures at work on a row, by (closure, start)."""
SHARE_FLOW, SHARE_COUNT, SHARE_NEXT = 0, 1, 2
"""Measured consignments of a flow for which a traveller's seconds count."""
ROOM_YARD, ROOM_LOAD, ROOM_NEXT = 0, 1, 2
"""Load that takes room where a vehicle boarded it."""
