"""The procedures of the experiment layer against golden vectors and their own promises.

Vectors: computed twice by unrelated means (scipy, Monte Carlo, a second formula) before they
were written down.
"""

import numpy as np
import pandas as pd
import pytest

from sim.experiment.intervals import Interval, batch_interval, quantile_interval
from sim.experiment.selection import Aim, Pairs, select
from sim.experiment.steady import growing, trends
from sim.experiment.stopping import Precision, needed, stop, stop_words
from sim.experiment.together import adjusted, p_value, t_multiplier
from sim.experiment.warmup import judge, longer_changes, mser, welch_cut

PILOT = [12.1, 9.8, 11.4, 10.9, 13.3, 8.7, 10.2, 12.8, 11.1, 9.5]


def series(amplitude: float, count: int = 1_000) -> np.ndarray:
    """Return 10 + a exp(-t / 25) + ((7919 t) mod 101) / 101 - 100 / 202, t = 0, 1, ..."""
    t = np.arange(count)
    result: np.ndarray = 10 + amplitude * np.exp(-t / 25) + (t * 7919 % 101) / 101 - 100 / 202
    return result


def test_mser_is_the_golden_one() -> None:
    cut = mser(series(8.0))

    assert (cut.batches, cut.observations) == (27, 135)
    assert cut.mean == pytest.approx(10.000344208757229, abs=1e-9)
    assert cut.is_settled


def test_mser_cuts_nothing_of_a_constant_and_not_where_there_is_too_little() -> None:
    assert mser(np.full(200, 3.7)).observations == 0
    assert mser([1.0, 2.0, 3.0])[1:] == (0, 2.0, False)


def test_mser_cuts_a_ramp_before_noise_and_calls_a_pure_ramp_unsettled() -> None:
    rng = np.random.default_rng(7)
    ramp = np.concatenate((np.linspace(20, 2, 10), rng.normal(0, 1, 1_000)))

    assert mser(ramp).observations >= 10
    assert not mser(np.arange(500.0)).is_settled


def test_mser_refuses_what_is_not_finite() -> None:
    with pytest.raises(ValueError, match="not finite"):
        mser([1.0, np.nan, 2.0])


def test_welch_cut_lies_where_the_curve_has_become_level() -> None:
    # 8 exp(-t / 25) is 0.40 at t = 75 and 0.0004 at t = 250; noise of the average: 0.22
    rng = np.random.default_rng(11)
    runs = 10 + 8 * np.exp(-np.arange(1_000) / 25) + rng.normal(0, 1, (20, 1_000))

    assert 75 <= welch_cut(runs) <= 250


def test_warm_up_of_a_settled_series_is_enough_and_of_a_falling_one_is_not() -> None:
    rng = np.random.default_rng(12)
    noise = rng.normal(0, 1, (20, 1_000))

    assert judge(noise).is_enough
    assert not judge(noise + 8 * np.exp(-np.arange(1_000) / 100)).is_enough


def test_batch_means_are_the_golden_ones() -> None:
    interval = batch_interval(series(0.0), 10)

    assert interval.mean == pytest.approx(9.999277227722773, abs=1e-9)
    assert interval.half_width == pytest.approx(0.0021048047100971417, abs=1e-9)


def test_replications_needed_are_the_golden_ones() -> None:
    assert needed(PILOT, 0.05) == 33


def test_rule_stops_at_the_first_that_is_precise_and_not_before_the_least() -> None:
    # 9, 11, 9, 11, ...: mean 10 at even n; h = t s / sqrt(n) falls under 10 x 0.1 / 1.1
    values = np.tile([9.0, 11.0], 50)

    found = stop(values, 4, Precision("x", 0.1, 100))

    assert found.is_reached
    assert found.n == next(
        n
        for n in range(4, 100)
        if t_multiplier(1, n) * values[:n].std(ddof=1) / n**0.5
        <= 0.1 / 1.1 * abs(values[:n].mean())
    )
    assert stop(values, 30, Precision("x", 0.1, 100)).n == 30


def test_rule_at_its_cap_says_how_far_it_came() -> None:
    wanted = Precision("x", 0.001, 6)
    found = stop([9.0, 11.0] * 3, 2, wanted)

    # t(5, 0.975) = 2.5706, s = 1.0954: 2.5706 x 1.0954 / sqrt(6) = 1.1496, of a mean of 10
    assert (found.n, found.is_reached) == (6, False)
    assert found.achieved == pytest.approx(0.11496, abs=1e-5)
    assert stop_words(found, wanted).startswith("precision not reached: x ± 11.5 % after the cap")


def test_one_replication_is_never_precise() -> None:
    assert stop([5.0], 1, Precision("x", 0.5, 1)) == (1, False, None)


def test_multipliers_of_bonferroni_are_the_golden_ones() -> None:
    assert t_multiplier(4, 20) == pytest.approx(2.7585858990550345, abs=1e-9)
    assert t_multiplier(9, 20, 0.9) == pytest.approx(2.812727634442235, abs=1e-9)


def test_p_value_is_that_of_the_interval() -> None:
    # a difference of exactly its half-width: 5 %
    assert p_value(Interval(2.0, 2.0, 12)) == pytest.approx(0.05)
    assert (p_value(Interval(0.0, 0.0, 5)), p_value(Interval(1.0, 0.0, 5))) == (1.0, 0.0)


def test_holm_steps_down_and_keeps_the_order() -> None:
    # sorted 0.005 x 4, 0.01 x 3, 0.03 x 2, 0.04 x 1 -> 0.02, 0.03, 0.06, max(0.06, 0.04)
    assert adjusted([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_claims_about_nine_equal_scenarios_are_rarely_false() -> None:
    rng = np.random.default_rng(20260103)
    false = 0
    for _ in range(400):
        values = rng.normal(10, 1, (10, 20))
        differences = values[1:] - values[0]
        mean = differences.mean(axis=1)
        half = t_multiplier(1, 20) * differences.std(axis=1, ddof=1) / 20**0.5
        p = adjusted([p_value(Interval(m, h, 20)) for m, h in zip(mean, half, strict=True)])
        false += bool((p < 0.05).any())

    assert false / 400 <= 0.07


def test_quantile_lies_between_its_order_statistics() -> None:
    # of 59 values the chance that all lie below P95 is 0.95^59 = 4.8 %: no upper end
    value, low, high = quantile_interval(np.arange(59.0), 0.95)

    assert value == pytest.approx(55.1)
    assert low is not None
    assert high is None
    assert quantile_interval([4.0], 0.5) == (4.0, None, None)


def test_interval_of_a_quantile_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(20260104)
    covers = []
    for sample in rng.exponential(1.0, (200, 100)):
        _, low, high = quantile_interval(sample, 0.9)
        covers.append((low or 0) <= np.log(10) <= (high or np.inf))

    assert 0.93 <= np.mean(covers) <= 1


def draws(means: np.ndarray, rng: np.random.Generator) -> "Table":
    """Return a table of values: normal, and correlated within a replication."""
    common = rng.normal(0, 2, 2_000)
    return Table(means[:, None] + common + rng.normal(0, 1, (means.size, 2_000)))


class Table:
    """Values by scenario and replication."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __call__(self, pairs: Pairs) -> list[float]:
        """Return the values of the pairs."""
        return [float(self.values[pair]) for pair in pairs]


def test_best_is_found_as_often_as_it_says_where_it_is_hardest() -> None:
    # slippage: the best is better than all others by exactly the indifference
    rng = np.random.default_rng(20260105)
    means = np.array([0.0, 0.0, 1.0, 0.0, 0.0])
    found = [select(5, draws(means, rng), Aim(1.0, 0.95, 10)) for _ in range(200)]

    assert all(len(one.survivors) == 1 for one in found)
    assert np.mean([one.survivors == (2,) for one in found]) >= 0.92


def test_what_is_clearly_worse_is_run_least_and_the_least_can_be_sought() -> None:
    rng = np.random.default_rng(20260106)
    means = np.array([0.0, 0.3, 9.0])

    found = select(3, draws(means, rng), Aim(0.3, 0.95, 10, is_most=False))

    assert found.survivors == (0,)
    assert found.n[2] == 10
    assert found.n[1] > 10
    assert found.means[2] == pytest.approx(9, abs=3)


def test_search_at_its_cap_leaves_several() -> None:
    rng = np.random.default_rng(20260107)

    found = select(2, draws(np.zeros(2), rng), Aim(0.001, 0.95, 5, at_most=12))

    assert found.survivors == (0, 1)
    assert found.n.tolist() == [12, 12]


def days(*queues: list[float]) -> list[pd.DataFrame]:
    """Return the table `timeseries` of one place in several replications."""
    return [
        pd.DataFrame({"date": range(len(q)), "place": "gate", "queue_mean": q}) for q in queues
    ]


def test_queue_that_grows_day_by_day_is_found_and_one_that_wavers_is_not() -> None:
    rng = np.random.default_rng(13)
    up = [list(np.arange(30) + rng.normal(0, 2, 30)) for _ in range(10)]
    level = [list(5 + rng.normal(0, 2, 30)) for _ in range(10)]

    assert growing(trends(days(*up))) == ["gate"]
    assert growing(trends(days(*level))) == []
    assert growing(trends(days(up[0]))) == []


def test_queue_that_was_begun_too_empty_does_not_count_as_growing() -> None:
    rng = np.random.default_rng(14)
    filling = [list(9 - 4 * np.exp(-np.arange(60) / 4) + rng.normal(0, 1, 60)) for _ in range(20)]

    assert growing(trends(days(*filling))) == []


def test_longer_warm_up_changes_what_moves_beyond_chance_and_by_more_than_a_hundredth() -> None:
    table = pd.DataFrame(
        [
            ("teu_delivered", 1_000.0, 5.0, 1.0, 10),  # beyond chance, half a per cent
            ("transit_mean_d", 10.0, 0.5, 0.1, 10),  # both
            ("delay_mean_d", 4.0, 0.4, 0.9, 10),  # chance
            ("usd_per_teu", 4.0, 0.4, 0.1, 10),  # no verdict KPI
        ],
        columns=["kpi", "base", "difference", "half_width", "n"],
    )

    assert longer_changes(table) == ("transit_mean_d",)
