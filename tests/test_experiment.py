"""Intervals against golden vectors; experiments and comparisons of the run in `handmade`."""

import math
from functools import cache, partial
from typing import Any

import handmade
import numpy as np
import pandas as pd
import pytest

from sim.errors import ResultsError
from sim.experiment.averages import averaged
from sim.experiment.intervals import (
    Interval,
    paired_interval,
    quantile_interval,
    rounded,
    t_interval,
    variance_saved,
)
from sim.experiment.pairing import compare, verdict
from sim.experiment.replicate import Experiment, run_experiment
from sim.measures.scope import percentile
from sim.plan import NEVER, Plan, Trace

X = [12.1, 9.8, 11.4, 10.9, 13.3, 8.7, 10.2, 12.8, 11.1, 9.5]
Y = [11.0, 9.1, 10.8, 10.1, 12.0, 8.5, 9.9, 11.7, 10.6, 9.0]


def later(plan: Plan, seed: int, replication: int, *, service_s: int = 1_800) -> Trace:
    """Return the run of `handmade` with box 1 handled for longer in each replication.

    It is handled for `service_s` + 60 s x replication + seed from 106 800 on.
    """
    del plan
    span = service_s + 60 * replication + seed
    trace = handmade.trace(
        stay_end_s=(93_600, 110_400, 93_600, 106_800 + span, 170_000),
        consignment_finished_s=(110_400, 106_800 + span, NEVER, 130_000),
    )
    cause, seconds = trace.consignment_cause_s.copy(), trace.ledger_s.copy()
    cause[1] = handmade.causes(
        filling=3_600, path=600, moving=7_200, queue=1_800, service=3_600 + span
    )
    seconds[trace.ledger_place == handmade.HANDLING] = span
    return trace._replace(consignment_cause_s=cause, ledger_s=seconds)


@cache
def experiment(*, replications: int = 10, service_s: int = 1_800, jobs: int = 1) -> Experiment:
    return run_experiment(
        handmade.plan(),
        handmade.legend(),
        seed=0,
        replications=replications,
        run=partial(later, service_s=service_s),
        places=handmade.PLACES,
        jobs=jobs,
    )


def row(table: pd.DataFrame, kpi: str) -> pd.Series:
    chosen = table[table["kpi"] == kpi]
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_categories_that_differ_by_replication_are_averaged_as_words_are() -> None:
    days = {"throughput": [4, 2], "teu": 1.0, "queue_mean": 0.5, "queue_max": 1, "teu_stored": 0.0}
    parts = [
        pd.DataFrame({"date": ["2028-01-02", "2028-01-01"], "place": place, "node": "n", **days})
        for place in (["b", "a"], ["a", "c"])
    ]
    coded = [part.astype(dict.fromkeys(["date", "place", "node"], "category")) for part in parts]

    found = averaged("timeseries", coded)

    pd.testing.assert_frame_equal(found, averaged("timeseries", parts), check_dtype=False)
    assert found["place"].tolist() == ["a", "c", "a", "b"]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_order_statistics_that_hold_a_quantile_are_those_of_scipy(share: float) -> None:
    from scipy.stats import quantile_test

    for count in range(1, 61):
        values = np.arange(float(count))
        said: Any = quantile_test(values, p=share)
        ends = said.confidence_interval(0.95)
        held = [float(end) if np.isfinite(end) else None for end in (ends.low, ends.high)]

        assert list(quantile_interval(values, share)[1:]) == held


def test_t_interval_is_the_golden_one() -> None:
    interval = t_interval(X)

    assert interval.mean == pytest.approx(10.98, abs=1e-9)
    assert interval.half_width == pytest.approx(1.0539483850446274, abs=1e-9)


def test_paired_interval_is_the_golden_one() -> None:
    interval = paired_interval(Y, X)

    assert interval.mean == pytest.approx(0.71, abs=1e-9)
    assert interval.half_width == pytest.approx(0.2600114341442591, abs=1e-9)
    # published with the vector: (var x + var y) / var(x - y) = 26.7258
    assert variance_saved(X, Y) == pytest.approx(1 - 1 / 26.7258, abs=1e-6)


def test_one_value_has_no_interval() -> None:
    assert t_interval([3.0]) == Interval(3.0, None, 1)
    assert variance_saved([3.0], [4.0]) is None


def test_equal_values_have_a_width_of_zero() -> None:
    assert t_interval([2.0, 2.0, 2.0]) == Interval(2.0, 0.0, 3)


def test_interval_of_a_terminating_queue_covers_as_often_as_it_says() -> None:
    # M/M/1 at load 0.5, delays of the first 1000, from empty: 0.4980 (services of mean 0.5)
    rng = np.random.default_rng(20260101)
    delays = _mean_delays(rng, replications=20 * 400, customers=1_000).reshape(400, 20)

    covers = [abs(i.mean - 0.4980) <= (i.half_width or 0) for i in map(t_interval, delays)]

    assert 0.92 <= np.mean(covers) <= 0.98


def _waits(rng: np.random.Generator, replications: int, customers: int, load: float) -> np.ndarray:
    """Return waits in a queue of one server, gaps of mean 1: running sum less its minimum."""
    steps = rng.exponential(load, (replications, customers)) - rng.exponential(
        1.0, (replications, customers)
    )
    steps[:, 0] = 0.0
    walk = np.cumsum(steps, axis=1)
    waits: np.ndarray = walk - np.minimum.accumulate(walk, axis=1)
    return waits


def _mean_delays(rng: np.random.Generator, *, replications: int, customers: int) -> np.ndarray:
    return np.concatenate(
        [_waits(rng, 1_000, customers, 0.5).mean(axis=1) for _ in range(replications // 1_000)]
    )


def test_interval_of_a_percentile_covers_as_often_as_it_says() -> None:
    # M/M/1, services of mean 1, gaps of mean 1.25: P95 of the wait = ln(0.8 / 0.05) / 0.2
    rng = np.random.default_rng(20260102)
    exact = math.log(0.8 / 0.05) / 0.2
    covers = []
    for _ in range(200):
        waits = 1.25 * _waits(rng, 10, 8_000, 0.8)[:, 1_000:]
        ranks = [percentile(np.sort(w), np.ones(w.size), (95.0,))[0] for w in waits]
        interval = t_interval(ranks)
        covers.append(abs(interval.mean - exact) <= (interval.half_width or 0))

    assert 0.90 <= np.mean(covers) <= 0.98


def test_common_draws_save_variance() -> None:
    # M/M/1 at load 0.8 against 5 % faster service, 40 pairs under the same streams
    gaps = np.random.default_rng(1).exponential(1.0, (40, 20_000))
    work = np.random.default_rng(2).exponential(0.8, (40, 20_000))

    def means(service: np.ndarray) -> np.ndarray:
        walk = np.cumsum(service - gaps, axis=1)
        averages: np.ndarray = (walk - np.minimum.accumulate(walk, axis=1)).mean(axis=1)
        return averages

    saved = variance_saved(means(work), means(0.95 * work))

    # at least five times smaller
    assert saved is not None
    assert saved >= 1 - 1 / 5


def test_rounding_keeps_ten_digits_of_any_size() -> None:
    values = np.array([1 / 3, -2e9 / 3, 0.0, np.nan, 1e-7 / 3])

    assert rounded(values)[:3].tolist() == [0.3333333333, -666666666.7, 0.0]
    assert np.isnan(rounded(values)[3])
    assert rounded(values)[4] == pytest.approx(3.333333333e-8, rel=1e-15)


def test_summary_has_mean_half_width_and_count() -> None:
    summary = experiment().summary
    transit = row(summary, "flow.boxes.transit_mean_h")

    # box 1: 18 600 + 60 r s (mean 270 s over r = 0..9), box 2: 159 200 s; mean of the two
    assert transit["value"] == pytest.approx((18_870 + 159_200) / 2 / 3_600)
    expected = t_interval([(18_600 + 60 * r + 159_200) / 2 / 3_600 for r in range(10)])
    assert transit["half_width_95"] == pytest.approx(expected.half_width)
    assert (transit["n"], transit["unit"], transit["bound"]) == (10, "h", "at least")


def test_one_replication_has_no_interval_anywhere() -> None:
    alone = experiment(replications=1)

    assert alone.summary["half_width_95"].isna().all()
    assert alone.stations["wait_mean_h_half_width_95"].isna().all()


def test_averaged_tables_count_a_missing_row_as_zero_or_as_nothing() -> None:
    parts = [
        pd.DataFrame([("a", "b", "rail", "f", "kz_cn", "box", 4.0, 4.0, "teu")]),
        pd.DataFrame(columns=range(9)),
    ]
    columns = ["from", "to", "mode", "flow", "border", "load_class", "teu", "amount", "unit"]

    table = averaged("crossings", [p.set_axis(columns, axis=1) for p in parts])

    # 4 and 0: mean 2, t(1) = 12.7062, s = 2.8284, half-width 12.7062 x 2
    assert table["teu"].tolist() == [2.0]
    assert table["teu_half_width_95"].iloc[0] == pytest.approx(25.412409, abs=1e-5)
    assert table["n"].tolist() == [1]


@pytest.mark.slow
def test_results_do_not_depend_on_the_number_of_processes() -> None:
    one, two = experiment(replications=3), experiment(replications=3, jobs=2)

    for name in one._fields:
        mine, theirs = getattr(one, name), getattr(two, name)
        if isinstance(mine, pd.DataFrame):
            pd.testing.assert_frame_equal(mine, theirs)
    assert one.remarks == two.remarks


def test_progress_is_told_after_each_replication() -> None:
    told: list[tuple[int, int]] = []

    run_experiment(
        handmade.plan(),
        handmade.legend(),
        seed=0,
        replications=2,
        run=later,
        progress=lambda done, of: told.append((done, of)),
    )

    assert told == [(1, 2), (2, 2)]


def test_comparison_pairs_replications_and_consignments() -> None:
    compared = compare(experiment(), experiment(service_s=1_200))
    transit = row(compared.comparison, "transit_mean_d")
    paired = row(compared.comparison, "paired.flow.boxes.transit_mean_d")

    # box 1 is 600 s quicker in every replication, box 2 is not; equal differences: width 0
    assert transit["difference"] == pytest.approx(-300 / 86_400, rel=1e-6)
    assert transit["half_width"] == pytest.approx(0, abs=1e-9)
    assert transit["verdict"] == "less"
    assert transit["variance_saved_percent"] == pytest.approx(100)
    assert paired["difference"] == pytest.approx(-300 / 86_400, rel=1e-6)
    boxes = row(compared.comparison, "paired.class.box.transit_mean_d")
    assert boxes["difference"] == pytest.approx(-300 / 86_400, rel=1e-6)
    assert row(compared.comparison, "teu_delivered")["verdict"] == "no difference shown"


def test_differences_hold_every_replication() -> None:
    compared = compare(experiment(replications=3), experiment(replications=3, service_s=1_200))
    part = compared.differences[compared.differences["kpi"] == "transit_mean_d"]

    assert part["replication"].tolist() == [1, 2, 3]
    assert part["difference"].tolist() == pytest.approx([-300 / 86_400] * 3, rel=1e-6)


@pytest.mark.parametrize(
    ("difference", "unit", "grows", "expected"),
    [
        (Interval(2.0, 1.0, 10), "d", False, "more"),
        (Interval(-2.0, 1.0, 10), "d", False, "less"),
        (Interval(-2.0, 3.0, 10), "d", False, "no difference shown"),
        (Interval(0.0, 0.0, 10), "TEU", False, "no difference shown"),
        (Interval(2.0, 1.0, 9), "TEU", False, "indicative: more"),
        (Interval(2.0, None, 1), "TEU", False, "no interval"),
        (Interval(2.0, 1.0, 10), "d", True, "depends on the window"),
        (Interval(2.0, 1.0, 10), "TEU d", True, "more"),
    ],
)
def test_verdict_says_what_the_interval_shows(
    difference: Interval,
    unit: str,
    grows: bool,  # noqa: FBT001 - a parameter of the test
    expected: str,
) -> None:
    assert verdict(difference, unit, grows=grows) == expected


def test_experiments_under_other_draws_are_not_compared() -> None:
    other = experiment()
    other = other._replace(setting=other.setting._replace(seed=7))

    with pytest.raises(ResultsError, match="seed of the base is 0, of the scenario 7"):
        compare(experiment(), other)


def test_only_consignments_created_in_both_are_paired() -> None:
    base, other = experiment(replications=2), experiment(replications=2, service_s=1_200)
    fewer = tuple(
        c._replace(
            flow=c.flow[:1],
            number=c.number[:1],
            route=c.route[:1],
            transit_s=c.transit_s[:1],
            delay_s=c.delay_s[:1],
        )
        for c in other.cohorts
    )

    compared = compare(base, other._replace(cohorts=fewer))

    # box 1 alone: 2 TEU, 600 s
    assert row(compared.comparison, "paired.teu")["base"] == 2
    difference = row(compared.comparison, "paired.transit_mean_d")["difference"]
    assert difference == pytest.approx(-600 / 86_400, rel=1e-6)


def test_growing_stock_is_said_and_makes_days_depend_on_the_window() -> None:
    # box -1 is created later, in the window: stock grows from 0 to 2 TEU
    base = experiment(replications=2)
    grown = base.replications.copy()
    grown.loc[grown["kpi"] == "stock_growth_teu", "value"] = 2.0

    compared = compare(base, base._replace(replications=grown))

    assert row(compared.comparison, "transit_mean_d")["verdict"] == "depends on the window"
    assert row(compared.comparison, "stock_growth_teu")["verdict"] == "indicative: more"


def test_place_that_is_new_has_no_difference() -> None:
    base = experiment(replications=2)
    table = base.replications
    fewer = table[table["kpi"] != "station.gate_to_china.wait_mean_h"]
    fewer = fewer[fewer["kpi"] != "border.kz_cn.rail.teu"]

    compared = compare(base._replace(replications=fewer), base)

    new = row(compared.comparison, "station.gate_to_china.wait_mean_h")
    assert (new["verdict"], new["scenario"]) == ("only in the scenario", 0.5)
    # what nobody carried is zero, not unknown
    assert row(compared.comparison, "border.kz_cn.rail.teu")["difference"] == 4


def test_ledger_differences_name_node_and_cause() -> None:
    base = experiment(replications=2)
    ledger = base.ledger_replications.copy()
    at_gate = (ledger["node"] == "b") & (ledger["cause"] == "queue")
    ledger.loc[at_gate, "teu_h"] = 4.0

    table = compare(base, base._replace(ledger_replications=ledger)).ledger_differences

    first = table.iloc[0]
    assert (first["node"], first["cause"]) == ("b", "queue")
    assert (first["base"], first["difference"]) == (1.0, 3.0)


def test_bottleneck_has_an_interval() -> None:
    two, one = experiment(replications=2).bottlenecks, experiment(replications=1).bottlenecks

    # the pool's waiting is the same in both replications
    assert two.loc[two["place"] == "pool_a", "value_half_width_95"].tolist() == [0]
    assert one["value_half_width_95"].isna().all()


def test_bottleneck_stands_where_the_ledger_says_in_both() -> None:
    base = experiment(replications=2)
    other = base._replace(bottlenecks=base.bottlenecks.iloc[1:])

    moves = compare(base, other).bottleneck_moves

    first = moves[moves["place"] == "pool_a"].iloc[0]
    assert first["base_rank"] == 1
    assert first["base_half_width_95"] == 0
    assert np.isnan(first["scenario_rank"])
    assert np.isnan(first["scenario_half_width_95"])
