"""Columns of the kernel's tables: what is fixed and what changes of one thing, in one row.

A traveller is a consignment (its index), the claim of a pool for room (N + pool)
or a vehicle (N + P + its number). A name that ends in `_2` has a second column beside
it, for the other end of a fleet.
"""

import numpy as np
from numpy.typing import NDArray

from sim.plan import Cause

Rows = NDArray[np.int32]
"""Rows of travellers and vehicles, and of the trace: there are many."""

# --- stations
S_KIND, S_DETAIL, S_CLASS, S_BATCH_MIN, S_BATCH_MAX, S_QUEUE_MAX, S_ROW, S_ROW_END = range(8)
"""As in the Plan; S_CLASS 1: priority counts; first row, and first of the next station."""
S_LENGTH, S_CALLED = 8, 9
"""How many wait; the instant to which the station was called last."""
S_SHUT, S_CAUSE, S_CLOSURE, S_SPELL = 10, 11, 12, 13
"""Since when it is shut (NEVER: open), by which cause and closure; its last spell."""
S_BLOCKS = 14
"""1: a consignment keeps the server before until it has a place (R18)."""
S_BREAKDOWNS = 15
"""Most breakdowns on busy time that one of its rows has."""
S_SHARE = 16
"""Share of its visitors that are served, parts per million (R8)."""
S_LYING = 17
"""Vessels that lie idle at it, a berth."""
S_SINCE, S_PEAK, S_UNSEEN = 18, 19, 20
"""Since when the queue has been as long as it is, the longest since the last midnight, and how
many of those in it are claims, which nobody sees waiting."""
S_COUPLES = 21
"""1: its servers go with the vehicles (R11)."""
S_GRANTS_ONLY = 22
"""1: it has one row, and who comes while no server is free has only to wait."""
STATION_COLUMNS = 23

# --- rows
R_STATION, R_SERVERS, R_MEAN_TEU, R_REF_LOAD, R_AT_CLOSING, R_STANDING = range(6)
R_FREE, R_SHUT, R_RATE, R_PAYLOAD, R_OUT = 6, 7, 8, 9, 10
"""Free servers, closures that shut it, its factors, vehicles out: R_SHUT + `Effect`."""
R_WORKING, R_BREAKDOWN = 11, 12
"""Servers at work, and the first breakdown on busy time, where there is one."""
R_SLOTS, R_MIDNIGHT, R_DAY, R_USED = 13, 14, 15, 16
"""Calls a day (NEVER: no limit) and where a day begins (R15); the last day, and calls on it."""
ROW_COLUMNS = 17

# --- meters; the section of an alternating pair stands in the row of the smaller meter
M_PATHS, M_BURST, M_HEADWAY, M_RULE, M_OPPOSITE, M_CLEARING, M_FLEET, M_STATION = range(8)
M_UNIT, M_NEXT = 8, 9
"""First unit of the next path, and second from which the headway has passed."""
M_FROM, M_INSIDE, M_FOLLOWED, M_CLEARED = 10, 11, 12, 13
METER_COLUMNS = 14

# --- services and their dated states
B_FLEET, B_HEADWAY, B_TIMETABLE, B_POOL, B_POOL_END, B_DEPARTURE, B_DEPARTURE_END = range(7)
"""B_POOL and B_DEPARTURE point into `service_pool` and `departure_s`; the latter moves on."""
B_STATE, B_STATE_END = 7, 8
B_NEXT_2, B_DEPARTING_2 = 9, 11
B_HOLD = 13
"""How long a departure of the timetable waits for its least load."""
SERVICE_COLUMNS = 14
X_FROM, X_CAPACITY, X_MIN, X_WAIT, X_VEHICLES = range(5)
X_UNIT, X_DECK = 5, 10
"""Five columns each, by load class."""
X_WAGONS = 15
STATE_COLUMNS = 16

# --- legs, elements, flows, yards, closures
L_ELEMENT, L_ELEMENT_END, L_YARD, L_HOLD, L_PLACE, L_TURN = range(6)
"""L_HOLD: element before which the vehicle must have found room, or NEVER (R13). L_PLACE,
L_TURN: where its wagons are ready again, and the time until then (R12)."""
LEG_COLUMNS = 6
E_STATION, E_MOVE, E_PLACE, E_ORDINAL, E_STAND = range(5)
ELEMENT_COLUMNS = 5
O_CLASS, O_LOT, O_TEU, O_SIZE, O_RANK = range(5)
"""O_RANK: which of the plan's priorities, in ascending order; the last row is for vehicles
without load."""
FLOW_COLUMNS = 5
Y_STATION, Y_CAPACITY, Y_REFUSES, Y_EMBARGO, Y_OCCUPIED = range(5)
YARD_COLUMNS = 5
C_EFFECT, C_VALUE, C_WEATHER, C_TARGET, C_TARGET_END = range(5)
CLOSURE_COLUMNS = 5

# --- breakdowns on busy time
D_CLOSURE, D_ROW, D_GAP, D_GAP_LAW, D_LENGTH, D_LENGTH_LAW, D_NEXT = range(7)
"""As in the Plan; the next of the same row."""
D_ORDINAL, D_LEFT, D_SINCE, D_BEGAN, D_ENDS = 7, 8, 9, 10, 11
"""Which it is; work left and since when it is counted (NEVER: not now); begin and end of the
time in which the row is down (NEVER: it is not)."""
BREAKDOWN_COLUMNS = 12

# --- travellers
T_NEXT, T_PREV = 0, 1
"""Neighbours in a queue; a consignment's next aboard, or among those that go on. Aboard, T_PREV
is one some places on, or itself: it is fetched from memory ahead."""
T_REQUEST = 2
T_CLASS = 3
"""Which of the plan's priorities it has, in ascending order."""
T_ROW = 4
"""Row whose server it gives back, also while it keeps one (R18); in a pool: the last vehicle
that had left before it joined."""
T_UNTIL, T_BEGUN = 5, 6
"""End of the motion or service begun last, and place x causes + cause of it."""
T_SHARE = 7
"""First share: for whom its seconds count, or NEVER."""
T_SECONDS = 8
"""Seconds booked, a column for each cause."""
_OWN = T_SECONDS + len(Cause)
TRAVELLER_COLUMNS = 32
"""Two cache lines, in which lies all that is known of a consignment."""

# --- travellers that are consignments
N_FLOW, N_ROUTE, N_STEP, N_YARD, N_FINISHED, N_STATUS, N_CREATED, N_DRAWN = range(_OWN, _OWN + 8)
"""N_STEP: the step it takes; N_YARD: yard in which it takes room, or NEVER; N_ROUTE: NEVER or
BANNED where it has none; N_DRAWN: what the law of the service that it waits for has for it, or
NEVER where that is drawn when it is served."""
N_KEY = _OWN + 8
"""Lower and upper half of its key (R3)."""
N_RELEASE, N_VEHICLE, N_NUMBER = range(_OWN + 10, _OWN + 13)
"""Where it is counted as it runs: when its last stay let it go, the vehicle it boarded then, and
which it is of all that have been created."""
BANNED = -2

# --- travellers that are vehicles
T_FIRST = _OWN
"""The first `FETCHED` that boarded, or NEVER."""
FETCHED = 8
"""So many places ahead rows of those aboard, or about to board, are fetched from memory."""

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
V_GATES = 12
"""When it passed each of the four gates: filled, a vehicle at hand, free, open."""
V_WAGONS = 16
"""Wagons that it has from a pool of wagons."""
V_DEPOT, V_BACK, V_ASKED, V_TAKEN = 17, 18, 19, 20
"""Row of the locomotive that it has (NEVER: none), how long that takes to be back after the run,
when it asked for it and when it took it."""
V_STAND = 21
"""Stand of a passing loop that it has."""
VEHICLE_COLUMNS = 22

# --- what a vehicle does when its turn comes
TO_ELEMENT, AT_SERVER, MOVING, MOORING, IN_HOLD, IN_LONG_HOLD, TURNED_AWAY, FOUND = range(8)

# --- pools
P_FILLED, P_AT_HAND, P_FREE, P_OPEN = 0, 1, 2, 3
"""When the forming vehicle passed each gate."""
P_OLDEST = 4
P_FIRST, P_LAST, P_BEFORE, P_LEFT = 5, 6, 7, 8
"""First and last vehicle that left, the last one that left before that second, the second."""
P_CLAIM = 9
"""State of the claim for room, below."""
P_CLAIM_LOAD = 10
P_HELD = 11
"""Trains held so long that none departs."""
P_LOAD = 12
"""Load that waits, by class: five columns."""
P_STATION, P_LEG, P_SERVICE, P_END, P_MIN_LOT, P_MIN_CLASS = range(17, 23)
P_PLACE, P_WANTS, P_WAGONS = 23, 24, 25
"""Place from which its trains take wagons, or NEVER; how many the one that forms waits for,
and has."""
P_JOINED = 26
"""How many have joined it."""
POOL_COLUMNS = 27
JOINED = 1 << 7
"""Of so many that joined a pool last it is known who they are, to fetch them from memory."""
NO_CLAIM, CLAIM_WAITS, CLAIM_GRANTED, CLAIM_REFUSED = 0, 1, 2, 3

# --- stands, and the passing loops in which they are
N_LOOP, N_MOST, N_TAKEN = range(3)
STAND_COLUMNS = 3
Z_TRACKS, Z_TAKEN, Z_CALLER, Z_CALLER_END = range(4)
"""Z_CALLER points into `loop_caller`: meters of the sections that lead there, both ways."""
LOOP_COLUMNS = 4

# --- pools of wagons, and the places where they stand
W_STATION, W_PLACE, W_PLACE_END = range(3)
WAGON_COLUMNS = 3
A_STATION, A_POOL, A_POOL_END, A_READY, A_BOUND = range(5)
"""A_POOL points into `place_pool`; wagons that are ready, and those on their way."""
PLACE_COLUMNS = 5
COUNT_BITS = 16
COUNT_MASK = (1 << COUNT_BITS) - 1
"""An event of wagons has their place and, in its last bits, how many come."""

# --- fleets
F_SIZE = 0
F_DUE_2, F_NEXT_EMPTY_2, F_IDLE_2, F_LYING_2 = 1, 3, 5, 7
"""Vehicles at or bound for an end; next empty trip from it; first idle there, how many."""
F_LAID_FIRST, F_LAID_LAST = 9, 10
F_DAY, F_COUNT = 11, 15
"""(kind x 2 + end - 2) of trips without load: the last day on which one began, how many then."""
F_STATION, F_SERVICE, F_TURNAROUND, F_CRUISE = 19, 20, 21, 22
F_POOL_2, F_LEG_2, F_BERTH_2, F_HANDLING_2 = 23, 25, 27, 29
F_IDLE_LAST_2 = 31
FLEET_COLUMNS = 33

# --- vessels
U_END, U_FLEET, U_TRIP, U_PHASE, U_NEXT, U_SINCE = 0, 1, 2, 3, 4, 5
U_BERTHED, U_BERTH_START, U_BERTH_ROW, U_CALL = 6, 7, 8, 9
"""Trip with which it moored (NEVER: not at a berth), when, at which row, drawn call time."""
U_LAID, U_PREV = 10, 11
"""Next among those that are laid up; the one before among those that lie idle."""
VESSEL_COLUMNS = 12

# --- what a vessel does when its turn comes
ARRIVE, MOORED, CALLED_LADEN, CALLED, REST, LYING, ORDERED, SAIL, LAY_UP = range(9)

# --- services in hand that closing can stop (R15)
H_ROW, H_FIRST, H_SIZE, H_START, H_DRAWN, H_LEFT, H_ENDS = range(7)
H_STOPPED, H_CAUSE, H_CLOSURE, H_NEXT, H_PREV = 7, 8, 9, 10, 11
"""Row, first traveller and how many, begin, time drawn, left and end; since when and by which
closure it is stopped; neighbours among those at work (or unused)."""
HAND_COLUMNS = 12

# --- the run itself: one row of numbers that change
K_NOW, K_GOING, K_RUNNING, K_ACTING, K_LANDING = range(5)
"""The instant; first consignment, vehicle and vessel whose turn has come; load to let go."""
K_VEHICLES, K_VESSELS, K_VISITS, K_STAYS, K_SPELLS, K_FINISHED = range(5, 11)
K_HANDS, K_FREE_HAND, K_AT_WORK = 11, 12, 13
K_STOPPING, K_WATCHING = 14, 15
"""1: the run ends with this instant; a gridlock is to be looked for at its end."""
K_KEYS, K_WANTING = 16, 17
"""Keys in the ledger; 1: it had no room for one."""
K_ENTERED, K_CHANGED, K_BEGUN = 18, 19, 20
"""How many consignments have entered, closures begun or ended, fleets begun."""
K_FREE_SHARES, K_FREE_ROOMS, K_FREE_FORCES = 21, 22, 23
"""Unused rows of the linked tables."""
K_LOCKS, K_NEED = 24, 25
"""Rows of the gridlock; size that a table must have before the run can go on."""
K_REACTING, K_OUTAGES = 26, 27
"""1: fleets are to begin, and services in hand to be stopped or taken up; breakdowns written
down."""
K_PROVIDED, K_PAUSE = 28, 29
"""How many consignments are known that enter; instant before which the loop stops."""
K_GONE, K_ARRIVED = 30, 31
"""How many consignments have finished that are not yet counted; last of the vehicles whose leg
has ended, each of which leads to the one before it."""
RUN_COLUMNS = 32

# --- days that are counted
DAYS_NEXT, DAYS_FROM, DAYS_TO = range(3)

# --- why the loop stops: it is over, a table is full, or it is to pause
DONE, EVENTS, VEHICLES, VESSELS, HANDS, SPELLS = range(6)
SHARES, ROOMS, FORCES, VISITS, STAYS, LEDGER, OUTAGES = range(6, 13)
PAUSE, PIECE = 13, 14
"""Not full: the instant has come before which it was to stop; the next piece is asked for."""

# --- events: instant << 32 | kind << 28 | index
MARK, TRAVELLER, TIMETABLE, VESSEL, ALARM, HAND, BREAKDOWN, WAGONS, LOCOMOTIVE = range(9)
"""A station to look again; a traveller, a departure, a vessel; a train held too long; a
service that closing can stop; a row that breaks down or is whole again; wagons that come; a row
to which a locomotive is back."""
KIND_BIT = 28
KINDS = 15
INDEX_MASK = (1 << KIND_BIT) - 1

# --- linked rows
FORCE_CLOSURE, FORCE_START, FORCE_NEXT = 0, 1, 2
"""Closures at work on a row, by (closure, start)."""
SHARE_FLOW, SHARE_COUNT, SHARE_NEXT = 0, 1, 2
"""Measured consignments of a flow for which a traveller's seconds count."""
ROOM_YARD, ROOM_LOAD, ROOM_NEXT = 0, 1, 2
"""Load that takes room where a vehicle boarded it."""
SPELL_START, SPELL_END, SPELL_CAUSE, SPELL_CLOSURE, SPELL_BEFORE = range(5)
"""Times in which stations were shut, and the one before at the same station."""
FREE = 0
"""Row that heads the unused rows of a linked table."""
