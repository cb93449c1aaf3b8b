"""Money, time and carbon of a haul: the rows of costs.csv turned to USD per TEU.

Everything is per TEU equivalent, so that loads of all classes meet in one unit: a truck is
2 TEU, a tonne of bulk or grain 1/12 TEU (the 12 t of a laden TEU on the corridor), a tonne
of air cargo 1/8.3 TEU, a tonne in a truck 1/9 TEU (18 t to a truck).
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from network.routing.regions import Haul, PriceList
from network.schema import CostRow, DemandRow, Network

_TEU_PER_TRUCK = 2.0
T_PER_TEU: Mapping[str, float] = MappingProxyType(
    {"box": 12.0, "bulk": 12.0, "grain": 12.0, "truck": 9.0, "air": 8.3}
)
"""Load class -> tonnes in a TEU equivalent (costs.csv k060, k062, k019)."""
_TARIFFS = ("usd_per_teu_km", "usd_per_tkm", "usd_per_truck_km")
_DAY_H = 24.0
_CASPIAN_LON = (46.0, 56.0)

_VALUES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("box", ("empty",), "empties"),
    ("box", ("grain",), "KZ grain and flour in boxes"),
    ("box", ("EU", "Europe", "Turkiye"), "China-EU electronics and machinery"),
    ("box", (), "China-Russia/Central Asia consumer goods"),
    ("truck", ("meat", "dairy"), "meat and dairy chilled"),
    ("truck", ("e-commerce",), "e-commerce"),
    ("truck", ("farm",), "fresh farm goods (green corridor)"),
    ("truck", (), "general goods in trucks"),
    ("bulk", ("Irtysh", "Ili "), "river bulk"),
    ("bulk", (), "ores, metals and other bulk"),
    ("grain", (), "grain in wagons"),
    ("air", (), "air cargo by tonne"),
)
"""(load class, words of the commodity, region of the value of time), first match wins."""


class Prices(NamedTuple):
    """The cost rows by what they price."""

    tariffs: PriceList
    emissions: PriceList
    fees: Mapping[str, CostRow]
    """Item of mode ``handling`` -> row."""
    values: tuple[CostRow, ...]


def read_prices(network: Network) -> Prices:
    """Return the cost rows of a network by what they price."""
    rows = network.costs
    return Prices(
        tariffs=PriceList(row for row in rows if row.item in _TARIFFS),
        emissions=PriceList(row for row in rows if row.item == "co2e_g_per_tkm"),
        fees={row.item: row for row in rows if row.mode == "handling"},
        values=tuple(row for row in rows if row.item.startswith("value_of_time")),
    )


def teu_per_unit(load_class: str, unit: str) -> float:
    """Return the TEU equivalents of one unit (teu, t, truck) of a load class."""
    if unit == "truck":
        return _TEU_PER_TRUCK
    return 1.0 / T_PER_TEU[load_class] if unit == "t" else 1.0


def per_teu(row: CostRow, load_class: str) -> float:
    """Return a cost row's value per TEU equivalent of a load class."""
    if row.unit.startswith("USD/truck"):
        return row.value / _TEU_PER_TRUCK
    if row.unit.startswith("USD/t-") or row.unit == "USD/t":
        return row.value * T_PER_TEU[load_class]
    return row.value


def tariff_per_km(prices: Prices, haul: Haul) -> float:
    """Return the tariff in USD per TEU-km; 0 where the network prices no such haul."""
    row = prices.tariffs.best(haul)
    return 0.0 if row is None else per_teu(row, haul.load_class)


def co2e_kg_per_km(prices: Prices, haul: Haul) -> float:
    """Return kg CO2e per TEU-km; 0 where the network has no factor for the mode."""
    row = prices.emissions.best(haul)
    return 0.0 if row is None else row.value * T_PER_TEU[haul.load_class] / 1000.0


def fee(prices: Prices, item: str, load_class: str) -> float:
    """Return a handling or border fee in USD per TEU; 0 where the item or class is not."""
    row = prices.fees.get(item)
    if row is None or (row.load_class and load_class not in row.load_class):
        return 0.0
    return per_teu(row, load_class)


def value_of_time(prices: Prices, demand: DemandRow) -> float:
    """Return the value of time of a flow's load in USD per TEU-hour; 0 without rows.

    The commodity's words choose the row (`_VALUES`); where the network has no row of that
    region, the dearest of the load class stands in.
    """
    rows = [r for r in prices.values if not r.load_class or demand.load_class in r.load_class]
    if not rows:
        return 0.0
    region = next(
        (
            name
            for load_class, words, name in _VALUES
            if load_class == demand.load_class
            and (not words or any(word in demand.commodity for word in words))
        ),
        "",
    )
    chosen = [row for row in rows if row.region == region] or rows
    return max(per_teu(row, demand.load_class) for row in chosen) / _DAY_H


def wagon_hire(prices: Prices, mode: str) -> float:
    """Return the hire of the wagon in USD per TEU-hour: every hour on rails costs it."""
    row = prices.fees.get("demurrage_wagon_per_day")
    return row.value / _DAY_H if row is not None and mode == "rail" else 0.0


def is_caspian(longitudes: Iterable[float | None]) -> bool:
    """Return whether ports lie on the Caspian, by longitude."""
    west, east = _CASPIAN_LON
    return all(lon is not None and west < lon < east for lon in longitudes)
