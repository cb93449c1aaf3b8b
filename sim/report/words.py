"""Ids in words: places, countries, KPIs and causes as a reader would say them."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import pandas as pd

from sim.report.numbers import unit_words

COUNTRIES: Mapping[str, str] = MappingProxyType({
    "ae": "Emirates", "af": "Afghanistan", "am": "Armenia", "at": "Austria",
    "az": "Azerbaijan", "be": "Belgium", "bg": "Bulgaria", "by": "Belarus", "cn": "China",
    "cz": "Czechia", "de": "Germany", "ee": "Estonia", "fi": "Finland", "fr": "France",
    "ge": "Georgia", "hu": "Hungary", "in": "India", "iq": "Iraq", "ir": "Iran", "it": "Italy",
    "jp": "Japan", "kg": "Kyrgyzstan", "kr": "Korea", "kz": "Kazakhstan", "lt": "Lithuania",
    "lv": "Latvia", "mn": "Mongolia", "nl": "Netherlands", "pk": "Pakistan", "pl": "Poland",
    "ro": "Romania", "ru": "Russia", "tj": "Tajikistan", "tm": "Turkmenistan", "tr": "Türkiye",
    "ua": "Ukraine", "uz": "Uzbekistan",
})  # fmt: skip

CORRIDORS: Mapping[str, str] = MappingProxyType(
    {
        "middle": "Middle (Caspian Sea)",
        "southern": "Southern (Turkmenistan, Iran)",
        "northern": "Northern (Russia)",
        "central_asian": "Central Asian",
        "china": "China–Kazakhstan",
        "domestic": "Within Kazakhstan",
        "outside": "Past Kazakhstan",
    }
)

_KPIS: Mapping[str, str] = MappingProxyType(
    {
        "teu_created": "TEU sent",
        "teu_delivered": "TEU delivered",
        "teu_delivered_per_day": "TEU delivered a day",
        "teu_delivered_per_year": "TEU delivered a year",
        "teu_refused": "TEU refused",
        "stock_start_teu": "Stock inside at the window's start",
        "stock_end_teu": "Stock inside at the window's end",
        "stock_growth_teu": "Growth of stock inside",
        "stock_mean_teu": "Stock inside, average",
        "unfinished_percent": "Cohort unfinished when the run ended (censored)",
        "transit_mean_d": "Transit time, mean",
        "transit_p50_d": "Transit time, median",
        "transit_p90_d": "Transit time, 90th percentile",
        "transit_p95_d": "Transit time, 95th percentile",
        "delay_mean_d": "Delay (waiting), mean",
        "excess_mean_d": "Excess over free flow, mean",
        "waiting_teu_d": "Waiting of the whole cohort",
        "usd_per_teu": "Cost of transport, mean",
        "co2e_kg_per_teu": "Emissions (CO2e), mean",
        "vehicles_departed": "Vehicles departed with a load",
        "vehicles_empty": "Empty repositionings",
        "trains_held_for_china_max": "Trains held for China, most at once",
        "trains_held_for_china_mean": "Trains held for China, average",
    }
)

_CAUSES: Mapping[str, str] = MappingProxyType(
    {
        "moving": "moving",
        "service": "being served",
        "queue": "queue",
        "filling": "waiting for a full vehicle",
        "wagons": "no vehicle at hand",
        "departure": "waiting for departure",
        "weather": "weather",
        "closed": "closed",
        "storage": "no room in the yard",
        "path": "no train path",
    }
)


_KIND_OF_PLACE = re.compile(
    r" (?:(?:rail|road|ferry|gauge-change|dry|border) )?"
    r"(?:crossing|port|junction|station|terminal|yard|node|tunnel|area)$"
)


class Names(NamedTuple):
    """Names of the places of one world."""

    place: Mapping[str, str]
    """Node id to a short name."""

    def of(self, node: str) -> str:
        """Short name of a node, or the id made readable."""
        return self.place.get(node) or node.replace("_", " ")

    def way(self, start: str, end: str) -> str:
        """Two places and the direction between them."""
        return f"{self.of(start)} → {self.of(end)}"


def sentence_case(text: str) -> str:
    """The text with its first letter as that of a sentence, the others as they are."""
    return text[:1].upper() + text[1:]


def short(name: str) -> str:
    """A name without what is said in brackets or after a comma."""
    return name.split("(", 1)[0].split(",", 1)[0].strip() or name


def plain(name: str) -> str:
    """A short name without what kind of place it is."""
    return _KIND_OF_PLACE.sub("", short(name)) or short(name)


def names(places: pd.DataFrame) -> Names:
    """Names of the places; where two would read the same, whole names or ids stand."""
    whole = dict(zip(places["node"].astype(str), places["name"].astype(str), strict=True))
    said = {node: plain(name) for node, name in whole.items()}
    for longer in (short, str):
        often = Counter(said.values())
        said = {n: s if often[s] == 1 else longer(whole[n]) for n, s in said.items()}
    often = Counter(said.values())
    return Names({n: s if often[s] == 1 else f"{s} [{n}]" for n, s in said.items()})


def country(code: str) -> str:
    """Name of a country by its two letters."""
    return COUNTRIES.get(code.lower(), code.upper())


def cause(name: str) -> str:
    """A cause of the ledger in words."""
    return _CAUSES.get(name, name.replace("_", " "))


def corridor(name: str) -> str:
    """A corridor in words."""
    return CORRIDORS.get(name, name.replace("_", " ").capitalize())


def _crossing(middle: str, known: Names) -> str:
    pair, _, mode = middle.rpartition(".")
    start, _, end = pair.partition("__")
    return f"{known.way(start, end)}, {mode.replace('_', ' ')}"


def _border(middle: str) -> str:
    pair, _, mode = middle.rpartition(".")
    start, _, end = pair.partition("_")
    return f"{country(start)} → {country(end)}, {mode.replace('_', ' ')}"


def kpi(name: str, known: Names) -> str:
    """A KPI in words."""
    if name in _KPIS:
        return _KPIS[name]
    head, _, rest = name.partition(".")
    middle, _, last = rest.rpartition(".")
    tail = _KPIS.get(last, last.replace("_", " "))
    told: Mapping[str, Callable[[], str]] = {
        "paired": lambda: f"{kpi(rest, known)}, same consignments in both",
        "crossing": lambda: _crossing(middle, known),
        "border": lambda: _border(middle),
        "corridor": lambda: corridor(middle) + ("" if last == "teu" else f": {tail.lower()}"),
        "cause": lambda: cause(middle).capitalize(),
        "class": lambda: f"{tail}, {middle}",
        "teu_refused": lambda: f"TEU refused: {rest.replace('_', ' ').replace('.', ', ')}",
    }
    return told.get(head, lambda: name)()


def quantity(name: str, unit: str, known: Names) -> str:
    """A KPI and its unit, which is left out where it is plain: traffic is in TEU."""
    said, in_words = unit_words(unit), kpi(name, known)
    is_traffic = name.endswith(".teu")
    return f"{in_words} ({said})" if said and said not in in_words and not is_traffic else in_words
