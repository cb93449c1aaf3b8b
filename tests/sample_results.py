"""A small set of results, by formula, with the columns of the contract and real places.

Two runs of 22 nodes of the corridor: a base, and a scenario that opens the crossing at
Bakhty. No engine is behind it: the figures only have the shapes of figures.
"""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from sim.measures.columns import columns_table, kpis_table, names
from sim.report.world import LAW_COLUMNS, PLACE_COLUMNS, SOURCE_COLUMNS, World

PLACES = (
    ("chongqing", "Chongqing", "CN", 29.56, 106.55, "city"),
    ("xian_port", "Xi'an International Port (Chanba), train assembly centre", "CN", 34.39,
     109.06, "dry_port"),
    ("urumqi", "Urumqi", "CN", 43.88, 87.42, "dry_port"),
    ("alashankou", "Alashankou", "CN", 45.17, 82.57, "border"),
    ("dostyk", "Dostyk", "KZ", 45.25, 82.48, "border"),
    ("horgos", "Horgos", "CN", 44.21, 80.42, "border"),
    ("altynkol", "Altynkol", "KZ", 44.165, 80.315, "border"),
    ("baktu", "Baktu", "CN", 46.69, 82.8, "border"),
    ("bakhty", "Bakhty (Бақты)", "KZ", 46.686, 82.79, "border"),
    ("ayagoz", "Аягөз", "KZ", 47.97, 80.43, "junction"),
    ("aktogay", "Aktogay", "KZ", 46.95, 79.68, "junction"),
    ("almaty", "Almaty", "KZ", 43.343, 76.949, "city"),
    ("moiynty", "Moiynty", "KZ", 47.2, 73.36, "junction"),
    ("astana", "Astana", "KZ", 51.17, 71.42, "dry_port"),
    ("petropavl", "Petropavl", "KZ", 54.86, 69.15, "border"),
    ("moscow", "Moscow", "RU", 55.75, 37.62, "city"),
    ("saksaulskaya", "Saksaulskaya", "KZ", 47.08, 61.15, "junction"),
    ("beyneu", "Beyneu", "KZ", 45.32, 55.19, "junction"),
    ("aktau_port", "Aktau", "KZ", 43.6, 51.22, "seaport"),
    ("alat", "Alat", "AZ", 39.95, 49.42, "seaport"),
    ("tbilisi", "Tbilisi", "GE", 41.71, 44.83, "station"),
    ("poti", "Poti", "GE", 42.15, 41.67, "seaport"),
)  # fmt: skip

LINKS = (
    ("chongqing", "xian_port", "rail", 60), ("xian_port", "urumqi", "rail", 100),
    ("urumqi", "alashankou", "rail", 56), ("urumqi", "horgos", "rail", 44),
    ("urumqi", "baktu", "rail", 0), ("alashankou", "dostyk", "rail", 54),
    ("alashankou", "dostyk", "road", 6), ("horgos", "altynkol", "rail", 42),
    ("baktu", "bakhty", "rail", 0), ("bakhty", "ayagoz", "rail", 0),
    ("ayagoz", "aktogay", "rail", 3), ("dostyk", "aktogay", "rail", 54),
    ("altynkol", "almaty", "rail", 42), ("almaty", "moiynty", "rail", 30),
    ("aktogay", "moiynty", "rail", 52), ("moiynty", "astana", "rail", 60),
    ("astana", "petropavl", "rail", 55), ("petropavl", "moscow", "rail", 54),
    ("moiynty", "saksaulskaya", "rail", 18), ("saksaulskaya", "beyneu", "rail", 17),
    ("beyneu", "aktau_port", "rail", 17), ("aktau_port", "alat", "sea", 15),
    ("alat", "tbilisi", "rail", 15), ("tbilisi", "poti", "rail", 14),
)  # fmt: skip

STATIONS = (
    ("alashankou:customs:from_china", "alashankou", "Customs, from China, Alashankou", "customs",
     0.93, 14.0),
    ("dostyk:gauge_change:from_china", "dostyk", "Change of gauge, from China, Dostyk",
     "gauge_change", 0.97, 31.0),
    ("horgos:customs:from_china", "horgos", "Customs, from China, Horgos", "customs", 0.91, 9.5),
    ("altynkol:gauge_change:from_china", "altynkol", "Change of gauge, from China, Altynkol",
     "gauge_change", 0.95, 17.0),
    ("bakhty:gauge_change:from_china", "bakhty", "Change of gauge, from China, Bakhty",
     "gauge_change", 0.0, 0.0),
    ("r_saksaulskaya__beyneu:forward", "r_saksaulskaya__beyneu", "Line, Saksaulskaya to Beyneu",
     "line", 0.71, 2.1),
    ("aktau_port:berth", "aktau_port", "Berths, Aktau", "berth", 0.78, 1.6),
    ("alat:berth", "alat", "Berths, Alat", "berth", 0.62, 0.7),
    ("poti:handling", "poti", "Handling, Poti", "handling", 0.55, 0.4),
    ("petropavl:customs:north", "petropavl", "Customs, northbound, Petropavl", "customs", 0.44,
     0.3),
)  # fmt: skip

CAUSES = (
    ("moving", 6.1), ("service", 2.2), ("queue", 2.9), ("filling", 1.1), ("wagons", 0.9),
    ("departure", 0.8), ("weather", 0.3), ("closed", 0.2), ("storage", 0.4), ("path", 0.5),
)  # fmt: skip

FLOWS = (
    ("xian_moscow", "xian_port", "moscow", "containers", "northern", 310_000.0, 12.9),
    ("chongqing_poti", "chongqing", "poti", "containers", "middle", 62_000.0, 22.4),
    ("moscow_xian", "moscow", "xian_port", "containers", "northern", 215_000.0, 13.6),
    ("poti_chongqing", "poti", "chongqing", "empty containers", "middle", 33_000.0, 24.1),
    ("xian_almaty", "xian_port", "almaty", "containers", "china", 120_000.0, 9.4),
)  # fmt: skip

DAYS = 61
START = date(2028, 1, 1)


def world(places: tuple[tuple[Any, ...], ...] = PLACES) -> World:
    """Places, two laws and two publications."""
    laws = [
        ("f_dostyk_gauge", "dostyk", "gauge change, from china, per train", "lognormal", 3.1, 0.4,
         6, "always", "2.2 to 4.4 h", "src_ktz;own_est"),
        ("c_aktau_wind", "aktau_port", "shut: wind over 15 m/s, 22 a year", "gamma", 19.0, 0.9,
         None, "11;12;1;2", "", "src_port"),
    ]  # fmt: skip
    sources = [
        ("src_ktz", "Annual report of the railway", "KTZ", 2024, "https://example.org/ktz"),
        ("src_port", "Weather stoppages at Aktau", "Port of Aktau", 2023, ""),
    ]
    return World(
        pd.DataFrame(places, columns=list(PLACE_COLUMNS)),
        pd.DataFrame(laws, columns=list(LAW_COLUMNS)),
        pd.DataFrame(sources, columns=list(SOURCE_COLUMNS)),
    )


def _spread(value: float, part: float = 0.02) -> float:
    return abs(value) * part + 0.001


def _summary(*, is_scenario: bool, replications: int) -> pd.DataFrame:
    s = 1.0 if is_scenario else 0.0
    rows: list[tuple[str, float, str]] = [
        ("teu_created", 740_000 + 0 * s, "TEU"), ("teu_delivered", 712_300 + 21_450 * s, "TEU"),
        ("teu_delivered_per_day", 7742.4 + 233.2 * s, "TEU/d"),
        ("teu_refused", 0.0, "TEU"), ("stock_start_teu", 118_200 - 9000 * s, "TEU"),
        ("stock_end_teu", 145_900 - 30_100 * s, "TEU"),
        ("stock_growth_teu", 27_700 - 21_100 * s, "TEU"),
        ("stock_mean_teu", 131_000 - 19_000 * s, "TEU"),
        ("unfinished_percent", 2.3 - 1.1 * s, "%"),
        ("transit_mean_d", 15.37 - 1.42 * s, "d"), ("transit_p50_d", 14.1 - 1.2 * s, "d"),
        ("transit_p90_d", 24.9 - 2.3 * s, "d"), ("transit_p95_d", 28.8 - 2.5 * s, "d"),
        ("delay_mean_d", 7.1 - 1.37 * s, "d"), ("excess_mean_d", 7.4 - 1.4 * s, "d"),
        ("waiting_teu_d", 5.25e6 - 1.01e6 * s, "TEU d"),
        ("usd_per_teu", 3712.0 - 4.0 * s, "USD/TEU"),
        ("co2e_kg_per_teu", 642.0 + 1.5 * s, "kg/TEU"), ("vehicles_departed", 9410 + 260 * s, ""),
        ("trains_held_for_china_max", 212 - 71 * s, ""),
        ("crossing.alashankou__dostyk.rail.teu", 204_000 - 21_000 * s, "TEU"),
        ("crossing.dostyk__alashankou.rail.teu", 151_000 - 12_500 * s, "TEU"),
        ("crossing.horgos__altynkol.rail.teu", 181_000 - 14_300 * s, "TEU"),
        ("crossing.altynkol__horgos.rail.teu", 120_400 - 6_200 * s, "TEU"),
        ("crossing.alashankou__dostyk.road.teu", 14_100 - 90 * s, "TEU"),
        ("crossing.aktau_port__alat.sea.teu", 44_300 + 1700 * s, "TEU"),
        ("crossing.petropavl__moscow.rail.teu", 288_000 + 8_800 * s, "TEU"),
        ("border.cn_kz.rail.teu", 385_000 + 12_100 * s, "TEU"),
        ("corridor.northern.teu", 503_000 + 15_900 * s, "TEU"),
        ("corridor.middle.teu", 91_000 + 3_100 * s, "TEU"),
        ("corridor.china.teu", 118_300 + 2_450 * s, "TEU"),
        ("corridor.northern.transit_mean_d", 13.2 - 1.3 * s, "d"),
    ]  # fmt: skip
    if is_scenario:
        rows += [("crossing.baktu__bakhty.rail.teu", 49_400.0, "TEU"),
                 ("crossing.bakhty__baktu.rail.teu", 22_300.0, "TEU")]  # fmt: skip
    rows += [
        (f"cause.{cause}.mean_d", days * (1 - 0.33 * s * (cause in {"queue", "wagons"})), "d")
        for cause, days in CAUSES
    ]
    half = [_spread(value) if replications > 1 else np.nan for _, value, _ in rows]
    table = pd.DataFrame(rows, columns=["kpi", "value", "unit"])
    return table.assign(half_width_95=half, n=replications, bound="")[names("summary")]


def _wait(scale: float) -> dict[str, float]:
    return {
        "visits": round(900 * scale) + 1, "wait_mean_h": 14 * scale, "wait_p90_h": 33 * scale,
        "wait_max_h": 96 * scale, "unstarted": round(8 * scale), "queue_mean": 9 * scale,
        "queue_max": round(41 * scale),
    }  # fmt: skip


def _with_intervals(table: pd.DataFrame, name: str, replications: int) -> pd.DataFrame:
    figures = names(name, "total", "mean")
    table = table.reindex(columns=names(name))
    wide = {
        f"{x}_half_width_95": (
            table[x].astype(float).abs() * 0.03 if replications > 1 else float("nan")
        )
        for x in figures
    }
    return table.assign(**wide, n=replications)


def _stations(*, is_scenario: bool) -> pd.DataFrame:
    rows = []
    for station, node, name, kind, busy, queue in STATIONS:
        is_new = node == "bakhty"
        relief = 0.9 if is_scenario and node in {"dostyk", "alashankou", "altynkol"} else 1.0
        busy_now = 0.58 if is_new and is_scenario else busy * relief
        queue_now = 0.9 if is_new and is_scenario else queue * relief**6
        if is_new and not is_scenario:
            continue
        rows.append({
            "station": station, "node": node, "name": name, "kind": kind, "serves": "vehicle",
            **_wait(queue_now / 9), "queue_mean": queue_now, "teu": 91_000 * busy_now,
            "service_mean_h": 3.1, "utilisation": busy_now, "shut_percent": 0.4,
        })  # fmt: skip
    return pd.DataFrame(rows)


def _links(*, is_scenario: bool) -> pd.DataFrame:
    rows = []
    opened = {("urumqi", "baktu"): 14, ("baktu", "bakhty"): 14, ("bakhty", "ayagoz"): 14,
              ("ayagoz", "aktogay"): 14, ("alashankou", "dostyk"): 47,
              ("urumqi", "horgos"): 40}  # fmt: skip
    for start, end, mode, load in LINKS:
        now = opened.get((start, end), load) if is_scenario and mode == "rail" else load
        for direction, part in (("forward", 0.6), ("backward", 0.4)):
            ends = (start, end) if direction == "forward" else (end, start)
            rows.append({
                "link": f"{mode[0]}_{start}__{end}", "direction": direction,
                "from": ends[0], "to": ends[1], "mode": mode,
                "metered": "yes" if mode == "rail" else "no",
                "vehicles": round(now * 41 * part), "teu": now * 4_100.0 * part,
                "utilisation": min(now / 62 * part * 1.6, 1.0) if mode == "rail" else np.nan,
                **_wait(now / 60),
            })  # fmt: skip
    return pd.DataFrame(rows)


def _crossings(*, is_scenario: bool) -> pd.DataFrame:
    country = {node: land for node, _, land, *_ in PLACES}
    table = _links(is_scenario=is_scenario)
    table = table[(table["from"].map(country) != table["to"].map(country)) & (table["teu"] > 0)]
    table = table.assign(
        flow="xian_moscow", load_class="box", amount=table["teu"], unit="teu",
        border=[f"{country[a].lower()}_{country[b].lower()}"
                for a, b in zip(table["from"], table["to"], strict=True)],
    )  # fmt: skip
    return table[["from", "to", "mode", "flow", "border", "load_class", "teu", "amount", "unit"]]


def _flows(*, is_scenario: bool) -> pd.DataFrame:
    rows = []
    for flow, start, end, commodity, corridor, teu, days in FLOWS:
        for route, part in (("7f3a1c", 0.7), ("b0912e", 0.3)):
            now = days - (1.4 if is_scenario else 0.0)
            rows.append({
                "flow": flow, "route": route, "origin": start, "destination": end,
                "commodity": commodity, "load_class": "box", "corridor": corridor,
                "teu_offered": teu * part, "teu_delivered": teu * part * 0.96,
                "teu_inside": teu * part * 0.2, "teu_refused": 0.0, "unfinished_percent": 2.0,
                "transit_mean_d": now, "transit_p50_d": now * 0.93, "transit_p90_d": now * 1.5,
                "transit_p95_d": now * 1.8, "delay_mean_d": now * 0.44, "free_flow_d": days * 0.5,
                "excess_d": now - days * 0.5, "km": days * 420, "usd_per_teu": 220 * days,
                "usd": 220 * days * teu * part, "co2e_kg_per_teu": 41 * days,
                "co2e_t": 41 * days * teu * part / 1000,
            })  # fmt: skip
    return pd.DataFrame(rows)


def _ledger(*, is_scenario: bool) -> pd.DataFrame:
    rows = []
    for station, node, _, _, _, queue in STATIONS:
        relief = 0.62 if is_scenario and node in {"dostyk", "alashankou", "altynkol"} else 1.0
        for cause, weight in (("queue", 1.0), ("wagons", 0.35), ("closed", 0.08)):
            if queue:
                rows.append({
                    "place": station, "cause": cause,
                    "closure": "c_wind" if cause == "closed" else "", "flow": "xian_moscow",
                    "node": node, "is_waiting": "yes", "teu_h": 1.2e6 * queue * weight * relief,
                })  # fmt: skip
    rows.append({"place": "r_petropavl__moscow", "cause": "moving", "closure": "",
                 "flow": "xian_moscow", "node": "r_petropavl__moscow", "is_waiting": "no",
                 "teu_h": 3.1e7})  # fmt: skip
    return pd.DataFrame(rows)


def _timeseries(*, is_scenario: bool) -> pd.DataFrame:
    rows = []
    for station, node, _, _, _, queue in STATIONS:
        level = queue * (0.55 if is_scenario else 1.0)
        for day in range(DAYS):
            wave = 1 + 0.5 * np.sin(day / 9 + len(station)) + 0.012 * day
            rows.append({
                "date": (START + timedelta(days=day)).isoformat(), "place": station,
                "node": node, "throughput": 11.0, "teu": 900.0,
                "queue_mean": max(level * wave, 0.0), "queue_max": level * wave * 1.6,
                "teu_stored": 80 * level,
            })  # fmt: skip
    return pd.DataFrame(rows)


def _transit(*, is_scenario: bool) -> pd.DataFrame:
    rows = []
    for group, median in (("all", 14.1), ("corridor.northern", 12.4), ("corridor.middle", 21.0),
                          ("corridor.china", 9.0), ("class.box", 14.1)):  # fmt: skip
        for percent in range(1, 100):
            stretch = 0.45 * np.log(percent / (100 - percent)) / 1.7
            days = median * float(np.exp(stretch)) * (0.91 if is_scenario else 1.0)
            rows.append({"group": group, "percent": percent, "transit_d": days})
    return pd.DataFrame(rows)


def _bottlenecks(*, is_scenario: bool) -> pd.DataFrame:
    stations = _stations(is_scenario=is_scenario).sort_values("queue_mean", ascending=False)
    first = [
        {"by": "ledger", "place": r.station, "node": r.node, "name": r.name_, "rank": i,
         "value": 1.5e6 * float(str(r.queue_mean)), "unit": "TEU h", "share_percent": 60 / i,
         "main_cause": "queue"}
        for i, r in enumerate(stations.rename(columns={"name": "name_"}).itertuples(), 1)
    ]  # fmt: skip
    busiest = stations.sort_values("utilisation", ascending=False)
    second = [
        {"by": "utilisation", "place": r.station, "node": r.node, "name": r.name_, "rank": i,
         "value": r.utilisation, "unit": "", "share_percent": np.nan, "main_cause": ""}
        for i, r in enumerate(busiest.rename(columns={"name": "name_"}).itertuples(), 1)
    ]  # fmt: skip
    return pd.DataFrame(first + second)


def _stock(*, is_scenario: bool) -> pd.DataFrame:
    rows = [
        {"place": s, "node": n, "teu_start": 900 * q, "teu_end": 1400 * q, "teu_growth": 500 * q}
        for s, n, _, _, _, q in STATIONS
    ]
    rows.append({"place": "aboard", "node": "", "teu_start": 61_000, "teu_end": 63_000 -
                 900 * is_scenario, "teu_growth": 2_000})  # fmt: skip
    return pd.DataFrame(rows)


def manifest(role: str, replications: int) -> dict[str, Any]:
    """Facts of a run as the manifest holds them."""
    return {
        "kind": "run", "run_id": {"base": "0a1b2c3d4e5f"}.get(role, "9f8e7d6c5b4a"),
        "scenario": role, "status": "finished", "seed": 20260101, "replications": replications,
        "engine": "simpy", "versions": {"keruen": "0.1.0", "python": "3.11.9", "simpy": "4.1.1"},
        "hashes": {"scenario": "f" * 64, "network": "e" * 64, "code": "d" * 64},
        "overrides": ["demand.factor=1.0"],
        "notes": ["Two flows lean on default services: 1 200 TEU."],
        "timings": {"run_s": 12.5},
    }  # fmt: skip


def scenario_file(role: str, replications: int) -> dict[str, Any]:
    """A resolved scenario."""
    is_base = role == "base"
    return {
        "schema_version": 1,
        "name": "baseline-2028" if is_base else "ayagoz-tacheng",
        "title": "Corridor of 2028 as it stands" if is_base else "Third rail crossing at Bakhty",
        "question": "What would a rail line from Ayagoz by Bakhty to Tacheng do to throughput and"
        " delay on the corridor?",
        "description": "The line, its change of gauge and its trains are open from the first day.",
        "window": {"start": START.isoformat(), "days": DAYS, "warm_up_days": 60,
                   "run_out_days": 60},
        "experiment": {"kind": "window", "replications": replications, "seed": 20260101},
        "network": {"as_of": "2027-12-31"},
    }  # fmt: skip


def write_run(folder: Path, role: str = "run", *, replications: int = 10) -> Path:
    """The folder of a run with its tables."""
    folder.mkdir(parents=True, exist_ok=True)
    new = role != "base"
    averaged = {
        "flows": _flows(is_scenario=new), "stations": _stations(is_scenario=new),
        "links": _links(is_scenario=new), "crossings": _crossings(is_scenario=new),
        "ledger": _ledger(is_scenario=new),
        "timeseries": _timeseries(is_scenario=new), "stock": _stock(is_scenario=new),
        "transit": _transit(is_scenario=new), "bottlenecks": _bottlenecks(is_scenario=new),
    }  # fmt: skip
    for name, table in averaged.items():
        _with_intervals(table, name, replications).to_csv(folder / f"{name}.csv", index=False)
    summary = _summary(is_scenario=new, replications=replications)
    summary.to_csv(folder / "summary.csv", index=False)
    columns_table().to_csv(folder / "columns.csv", index=False)
    kpis_table().to_csv(folder / "kpis.csv", index=False)
    (folder / "manifest.json").write_text(json.dumps(manifest(role, replications)))
    (folder / "scenario.resolved.yaml").write_text(
        yaml.safe_dump(scenario_file(role, replications), allow_unicode=True)
    )
    return folder


def _verdict(difference: float, half: float, replications: int) -> str:
    if replications == 1:
        return "no interval"
    word = "more" if difference > half else "less" if difference < -half else "no difference shown"
    return f"indicative: {word}" if replications < 10 else word


def write_comparison(root: Path, *, replications: int = 10) -> tuple[Path, Path, Path]:
    """Folders of a comparison, of its base and of its scenario."""
    base = write_run(root / "baseline-2028" / "0a1b2c3d4e5f", "base", replications=replications)
    other = write_run(
        root / "ayagoz-tacheng" / "9f8e7d6c5b4a", "scenario", replications=replications
    )
    folder = root / "compare-5a5a5a5a5a5a"
    folder.mkdir(parents=True, exist_ok=True)
    one = _summary(is_scenario=False, replications=replications)
    two = _summary(is_scenario=True, replications=replications)
    both = two.merge(one, on="kpi", how="left", suffixes=("", "_base"))
    difference = both["value"] - both["value_base"].fillna(0.0)
    half = both["value"].abs() * 0.004 + 1e-4
    table = pd.DataFrame({
        "kpi": both["kpi"], "base": both["value_base"].fillna(0.0), "scenario": both["value"],
        "difference": difference, "half_width": half if replications > 1 else np.nan,
        "n": replications, "unit": both["unit"],
        "verdict": [_verdict(d, h, replications) for d, h in zip(difference, half, strict=True)],
        "variance_saved_percent": 91.0,
    })  # fmt: skip
    paired = table[table["kpi"] == "transit_mean_d"].assign(kpi="paired.transit_mean_d")
    pd.concat([table, paired])[names("comparison")].to_csv(folder / "comparison.csv", index=False)
    _moves().to_csv(folder / "bottleneck_moves.csv", index=False)
    _ledger_differences(replications).to_csv(folder / "ledger_differences.csv", index=False)
    pd.DataFrame(columns=names("differences")).to_csv(folder / "differences.csv", index=False)
    facts = {
        **manifest("compare", replications), "kind": "comparison",
        "base": "baseline-2028/0a1b2c3d4e5f", "compared": "ayagoz-tacheng/9f8e7d6c5b4a",
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(facts))
    return folder, base, other


def _moves() -> pd.DataFrame:
    keys = ["by", "place", "node", "name", "unit"]
    one, two = _bottlenecks(is_scenario=False), _bottlenecks(is_scenario=True)
    both = one.merge(two, on=keys, how="outer", suffixes=("_base", "_scenario"))
    table = both.rename(columns={
        "rank_base": "base_rank", "value_base": "base_value", "rank_scenario": "scenario_rank",
        "value_scenario": "scenario_value",
    })  # fmt: skip
    return table.reindex(columns=names("bottleneck_moves"))


def _ledger_differences(replications: int) -> pd.DataFrame:
    keys = ["node", "cause"]
    one = _ledger(is_scenario=False).groupby(keys)["teu_h"].sum()
    two = _ledger(is_scenario=True).groupby(keys)["teu_h"].sum()
    table = pd.DataFrame({"base": one, "scenario": two}).reset_index()
    table["difference"] = table["scenario"] - table["base"]
    table["half_width"] = table["base"] * 0.05 if replications > 1 else np.nan
    return table.assign(n=replications)[names("ledger_differences")]
