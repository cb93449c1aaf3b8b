"""Which row of costs.csv a haul falls under: its region is told by where the haul runs.

Cost rows name their region in words; `REGIONS` says for each what a haul under it must be.
A region that is not listed here, or an empty one, holds for every haul, after the listed.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from network.schema import CostRow

_EU = frozenset({"BE", "BG", "DE", "HU", "PL", "RO"})


class Haul(NamedTuple):
    """What a tariff depends on: a leg, or on roads and for emissions one of its links."""

    mode: str
    gauge_mm: int
    load_class: str
    group: str
    countries: frozenset[str]
    is_china: bool
    """Crosses China's border, or begins or ends at one."""
    is_seaport: bool
    """Begins or ends at a seaport."""


class Region(NamedTuple):
    """What a haul must be to fall under a region."""

    name: str
    touches: frozenset[str] = frozenset()
    """At least one of these countries; empty: any."""
    groups: frozenset[str] = frozenset()
    """Vessel groups; empty: any."""
    is_china: bool = False
    is_seaport: bool = False


def _in(*countries: str) -> frozenset[str]:
    return frozenset(countries)


REGIONS: tuple[Region, ...] = (
    Region("north transit (KZ-RU-BY)", _in("RU", "BY"), is_china=True),
    Region("Russia/Belarus and Russia-Central Asia boxes", _in("RU", "BY")),
    Region("North-South east branch", _in("TM", "IR")),
    Region("Azerbaijan-Georgia", _in("AZ", "GE")),
    Region("Kazakhstan transit to Aktau", _in("KZ"), is_seaport=True),
    Region("Central Asia (KZ-UZ, KG)", _in("UZ", "KG")),
    Region("Kazakhstan domestic/export", _in("KZ")),
    Region("China", _in("CN")),
    Region("Iran", _in("IR")),
    Region("Turkiye", _in("TR")),
    Region("EU (Poland-Germany)", _EU),
    Region("Azerbaijan-Georgia bulk wagons", _in("AZ", "GE")),
    Region(
        "Russia, Uzbekistan, Kyrgyzstan, Turkmenistan bulk wagons", _in("RU", "UZ", "KG", "TM")
    ),
    Region("Kazakhstan bulk wagons", _in("KZ")),
    Region("China bulk wagons", _in("CN")),
    Region("Iran bulk wagons", _in("IR")),
    Region("Kazakhstan", _in("KZ")),
    Region("Central Asia (Uzbekistan, Kyrgyzstan)", _in("UZ", "KG", "TM")),
    Region("Caucasus/Turkiye", _in("AZ", "GE", "TR")),
    Region("Europe/Russia", _EU | _in("RU", "BY")),
    Region("Xinjiang-EU", _EU, is_china=True),
    Region("Central Asia-EU and regional"),
    Region("Caspian feeder Aktau-Alat", _in("KZ", "AZ", "TM"), _in("feeder")),
    Region("Caspian rail ferry", _in("KZ", "AZ", "TM"), _in("ferry", "ro_ro")),
    Region("Black Sea feeder", groups=_in("feeder")),
    Region("Caspian rail ferry, wagons", groups=_in("ferry")),
    Region("Caspian dry cargo", groups=_in("dry")),
    Region("Caspian ferry, trucks", groups=_in("ferry", "ro_ro")),
    Region("Irtysh"),
    Region("Irtysh and Ili bulk"),
    Region("electric KZ grid", _in("KZ")),
    Region("electric CN grid", _in("CN")),
    Region("electric RU grid", _in("RU")),
    Region("electric GE/AZ grid", _in("GE", "AZ")),
    Region("diesel"),
    Region("truck over 33 t, mean load"),
    Region("Caspian feeder under 1000 TEU", groups=_in("feeder")),
    Region("ro-ro/rail ferry", groups=_in("ferry", "ro_ro")),
    Region("general cargo under 5000 dwt", groups=_in("dry")),
)
"""By rank: of two regions under which a haul falls, the earlier is meant."""


_RANKS: Mapping[str, int] = MappingProxyType({r.name: n for n, r in enumerate(REGIONS)})


class PriceList:
    """Rows of which each haul falls under one; keeps what it has found."""

    def __init__(self, rows: Iterable[CostRow]) -> None:
        self.rows = tuple(rows)
        self._found: dict[Haul, CostRow | None] = {}

    def best(self, haul: Haul) -> CostRow | None:
        """Return the row that prices a haul, as `best`."""
        if haul not in self._found:
            self._found[haul] = best(self.rows, haul)
        return self._found[haul]


def best(rows: tuple[CostRow, ...], haul: Haul) -> CostRow | None:
    """Return the row that prices a haul, or None where none is for its mode and load.

    Where no region fits, the row with the smallest id stands in: a haul that the table
    does not foresee is priced like another of its mode, never as free.
    """
    fitting = [row for row in rows if _is_for(row, haul)]
    if not fitting:
        return None
    ranked = [(_rank(row.region, haul), row.id, row) for row in fitting]
    return min(ranked)[2]


def _is_for(row: CostRow, haul: Haul) -> bool:
    return (
        row.mode == haul.mode
        and (row.gauge_mm is None or not haul.gauge_mm or row.gauge_mm == haul.gauge_mm)
        and (not row.load_class or haul.load_class in row.load_class)
    )


def _rank(name: str, haul: Haul) -> int:
    """Return the rank of a region for a haul: listed and fitting, unlisted, not fitting."""
    rank = _RANKS.get(name)
    if rank is None:
        return len(REGIONS)
    return rank if _holds(REGIONS[rank], haul) else len(REGIONS) + 1


def _holds(region: Region, haul: Haul) -> bool:
    return (
        (not region.touches or bool(region.touches & haul.countries))
        and (not region.groups or haul.group in region.groups)
        and (not region.is_china or haul.is_china)
        and (not region.is_seaport or haul.is_seaport)
    )
