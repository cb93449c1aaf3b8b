"""Draws: keys, tables, arrivals, choice, closures (R2-R5, R9, R15)."""

import math
import subprocess
import sys
import time
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from sim import draws
from sim.draws.tables import GUMBEL_UNIT, LAWS, UNIT
from sim.errors import PlanError
from sim.plan import NEVER, Plan

DAY_S = 86_400
HOUR_S = 3_600
LAWS_AND_CVS = [
    ("deterministic", 0.0),
    ("uniform", 0.2),
    ("uniform", 3**-0.5),
    ("exponential", 1.0),
    ("erlang", 0.5),
    ("gamma", 0.1),
    ("gamma", 1.5),
    ("lognormal", 0.1),
    ("lognormal", 0.8),
    ("lognormal", 1.5),
]


def hashes(count: int, seed: int = 1) -> NDArray[np.uint64]:
    return draws.mix_array(draws.stream(seed, 0, draws.SERVICE), np.arange(count))


# --- keys


def test_mix_is_the_published_generator_splitmix64() -> None:
    # First outputs of splitmix64 for the states 0 and 1234567, as published.
    assert [draws.mix(0, n) for n in range(3)] == [
        0xE220A8397B1DCDAF,
        0x6E789E6AA1B965F4,
        0x06C45D188009454F,
    ]
    assert draws.mix(1234567, 0) == 6457827717110365317


def test_key_of_an_id_is_blake2b_of_its_utf8() -> None:
    # printf khorgos | b2sum -l 64
    assert draws.stable_key("khorgos") == 0x8D7DF86CB725B7D3


def test_mix_of_arrays_equals_mix_of_integers() -> None:
    a, b = hashes(100_000, seed=1), hashes(100_000, seed=2)

    mixed = draws.mix_array(a, b)

    assert mixed.tolist() == list(map(draws.mix, a.tolist(), b.tolist()))


def test_negative_ordinals_mix_alike_in_both_forms() -> None:
    ordinals = np.arange(-50, 50)

    mixed = draws.mix_array(7, ordinals)

    assert mixed.tolist() == [draws.mix(7, n) for n in range(-50, 50)]


def test_flipping_one_bit_flips_half_of_the_hash() -> None:
    # 64 bits x 500 keys: the share of flipped bits has sd 0.5 / sqrt(64 * 500) per input
    # bit, 0.0028; 5 sd = 0.014.
    keys = hashes(500)
    plain = draws.mix_array(keys, 5)

    for bit in range(64):
        flipped = draws.mix_array(keys ^ np.uint64(1 << bit), 5)

        assert np.bitwise_count(plain ^ flipped).mean() / 64 == pytest.approx(0.5, abs=0.014)


def test_streams_are_uncorrelated_and_share_no_word() -> None:
    # 50 streams: 5 seeds x 5 replications x 2 purposes. The correlation of 1e5 pairs has
    # sd 0.0032, so 0.015 is 4.7 sd.
    words = np.array(
        [
            draws.mix_array(draws.stream(seed, replication, purpose), np.arange(100_000))
            for seed in range(5)
            for replication in range(5)
            for purpose in (draws.SERVICE, draws.ARRIVAL)
        ]
    )

    correlation = np.corrcoef(words.astype(np.float64)) - np.eye(50)

    assert np.abs(correlation).max() < 0.015
    assert len(set(words[:, :10_000].ravel().tolist())) == 500_000


def test_neighbouring_keys_of_one_stream_are_uncorrelated() -> None:
    # Same reasoning: station, consignment and visit each changed by one.
    own = draws.stream(1, 0, draws.SERVICE)
    n = np.arange(100_000)
    series = np.array(
        [
            draws.mix_array(draws.mix_array(draws.mix(own, station), n + step), visit)
            for station in (1, 2)
            for step in (0, 1)
            for visit in (1, 2)
        ]
    ).astype(np.float64)

    correlation = np.corrcoef(series) - np.eye(len(series))

    assert np.abs(correlation).max() < 0.015


# --- tables


def knots(table: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return probabilities and values of all knots of a table in order."""
    u = np.arange(65_537) / 65_536
    probability = np.concatenate((u / 65_536, u[1:-1], 1 - u[::-1] / 65_536))
    return probability, np.concatenate((table[1], table[0, 1:-1], table[2])) / UNIT


@pytest.mark.parametrize(("law", "cv"), LAWS_AND_CVS)
def test_piecewise_linear_law_has_the_mean_and_variance_of_the_law(law: str, cv: float) -> None:
    probability, value = knots(draws.build_table(law, cv))

    width, a, b = np.diff(probability), value[:-1], value[1:]
    mean = np.sum(width * (a + b) / 2)
    variance = np.sum(width * (a * a + a * b + b * b) / 3) - mean**2

    assert mean == pytest.approx(1, abs=3e-5)
    assert variance == pytest.approx(cv**2, rel=1e-3, abs=1e-12)


@pytest.mark.parametrize(("law", "cv"), LAWS_AND_CVS)
def test_tables_ascend_and_their_outer_steps_join_on(law: str, cv: float) -> None:
    table = draws.build_table(law, cv)

    assert table.shape == (3, 65_537)
    assert (np.diff(table) >= 0).all()
    assert table.min() >= 0
    assert table[1, -1] == pytest.approx(table[0, 1], abs=1)
    assert table[2, 0] == pytest.approx(table[0, -2], abs=1)
    assert not table.flags.writeable


@pytest.mark.parametrize(
    ("law", "cv", "exact"),
    [
        ("exponential", 1.0, stats.expon()),
        ("gamma", 0.5, stats.gamma(4, scale=0.25)),
        ("lognormal", 0.8, stats.lognorm(math.log(1.64) ** 0.5, scale=1.64**-0.5)),
        ("uniform", 0.3, stats.uniform(1 - 0.3 * 3**0.5, 0.6 * 3**0.5)),
    ],
)
def test_draws_follow_the_law(law: str, cv: float, exact: object) -> None:
    # Kolmogorov-Smirnov at 1e5 draws of a fixed seed.
    values = draws.quantile_array(draws.build_table(law, cv), hashes(100_000)) / UNIT

    assert stats.kstest(values, exact.cdf).pvalue > 0.001  # type: ignore[attr-defined]


def test_known_quantiles_of_the_exponential() -> None:
    table = draws.build_table("exponential", 1.0)

    # The median is ln 2. Step 65535, finer step 32768: upper tail 2**-17. Knots are scaled
    # by 1 - 1.3e-6 for the sake of the mean.
    assert draws.quantile(table, 1 << 63) / UNIT == pytest.approx(math.log(2), abs=2e-6)
    assert draws.quantile(table, (65_535 << 48) | (32_768 << 32)) / UNIT == pytest.approx(
        17 * math.log(2), rel=2e-6
    )
    assert draws.quantile(table, 0) == 0
    assert draws.quantile(table, 2**64 - 1) == table[2, -1]


def test_interpolation_is_linear_within_a_step() -> None:
    table = np.zeros((3, 65_537), dtype=np.int64)
    table[0, 7:9] = 1000, 3000

    # Step 7 and three quarters of it: 1000 + 0.75 * 2000.
    assert draws.quantile(table, (7 << 48) | (3 << 46)) == 2500


@pytest.mark.parametrize(("law", "cv"), LAWS_AND_CVS)
def test_quantiles_of_arrays_equal_quantiles_of_integers(law: str, cv: float) -> None:
    table = draws.build_table(law, cv)
    edges = [0, 1, (1 << 48) - 1, 1 << 48, 65_535 << 48, (65_535 << 48) - 1, 2**64 - 1]
    outer = hashes(5_000) >> np.uint64(16)
    last = outer | np.uint64(65_535 << 48)
    h = np.concatenate((hashes(10_000), outer, last, np.array(edges, dtype=np.uint64)))

    values = draws.quantile_array(table, h)

    assert values.tolist() == [draws.quantile(table, word) for word in h.tolist()]


def test_durations_of_arrays_equal_durations_of_integers() -> None:
    table = draws.build_table("lognormal", 1.5)
    h = hashes(100_000)

    values = draws.duration_array_s(table, h, 6 * 3600 * 256)

    assert values.tolist() == [draws.duration_s(table, w, 6 * 3600 * 256) for w in h.tolist()]
    # cv 1.5: the mean of 1e5 draws of 6 h has sd 102 s; 4 sd.
    assert values.mean() == pytest.approx(6 * 3600, abs=410)


@pytest.mark.parametrize(("mean_s", "whole_s"), [(1.5, 2), (2.49609375, 2), (0.25, 1), (600, 600)])
def test_durations_round_half_up_and_last_a_second(mean_s: float, whole_s: int) -> None:
    table = draws.build_table("deterministic", 0)

    assert draws.duration_s(table, 123, round(mean_s * 256)) == whole_s


def test_an_exponential_per_teu_becomes_the_gamma_of_its_sum() -> None:
    # R9, k = 4: cv 1 / 2; the sum of four exponentials is gamma with cv 1 / 2.
    np.testing.assert_array_equal(
        draws.build_table("exponential", 0.5), draws.build_table("gamma", 0.5)
    )


@pytest.mark.parametrize(
    ("law", "cv", "message"),
    [
        ("weibull", 1.0, "law is 'weibull'; must be one of deterministic"),
        ("gamma", 0.0, "cv of a gamma law is 0.0; must be above 0 and at most 5"),
        ("lognormal", 5.1, "cv of a lognormal law is 5.1; must be above 0 and at most 5"),
        ("uniform", 0.6, "cv of a uniform law is 0.6; must be above 0 and at most 0.57735"),
        ("gamma", math.nan, "cv of a gamma law is nan"),
    ],
)
def test_a_law_that_cannot_be_is_refused(law: str, cv: float, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        draws.build_table(law, cv)


def test_a_mean_too_long_for_64_bits_is_refused() -> None:
    table = draws.build_table("exponential", 1.0)

    draws.check_range(table, 10 * 365 * DAY_S * 256)
    with pytest.raises(PlanError, match="must be below"):
        draws.check_range(table, 100 * 365 * DAY_S * 256)


def test_drawing_imports_no_scipy() -> None:
    code = (
        "import sys; from sim import draws; draws.gumbel_table(); draws.exponential_table();"
        "sys.exit(any(name.startswith(('scipy', 'pandas')) for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_all_laws_are_tested() -> None:
    assert {law for law, _ in LAWS_AND_CVS} == set(LAWS)


# --- choice of route


def keyed_routes(*names: str) -> NDArray[np.uint64]:
    return np.array([draws.stable_key(name) for name in names], dtype=np.uint64)


def log_shares(*shares: float) -> NDArray[np.int64]:
    return np.array([draws.log_share_fp(share) for share in shares])


def test_gumbel_table_has_the_moments_of_the_law() -> None:
    values = draws.quantile_array(draws.gumbel_table(), hashes(1_000_000)) / GUMBEL_UNIT

    # Mean: Euler's constant, sd 1.2825 / 1000, 4 sd. Variance: pi**2 / 6, kurtosis 5.4,
    # so its sd is 1.645 * sqrt(4.4 / 1e6) = 0.0035, 4 sd.
    assert values.mean() == pytest.approx(0.57722, abs=0.0052)
    assert values.var() == pytest.approx(math.pi**2 / 6, abs=0.014)


def test_routes_are_taken_in_their_shares() -> None:
    shares = (0.6, 0.3, 0.09, 0.01)

    chosen = draws.choose_routes(
        draws.stream(1, 0, draws.CHOICE),
        hashes(200_000),
        keyed_routes("a", "b", "c", "d"),
        log_shares(*shares),
    )

    # Binomial: sd at most sqrt(0.6 * 0.4 / 2e5) = 0.0011; 4 sd.
    found = np.bincount(chosen, minlength=4) / 200_000
    np.testing.assert_allclose(found, shares, atol=0.0044)


def test_one_choice_equals_the_choice_among_many() -> None:
    keys, routes, shares = hashes(2_000), keyed_routes("x", "b", "c"), log_shares(0.2, 0.5, 0.3)

    chosen = draws.choose_routes(5, keys, routes, shares)

    assert chosen.dtype == np.int32
    assert chosen.tolist() == [draws.choose(shares, routes, key, 5) for key in keys.tolist()]


def test_an_added_route_only_attracts() -> None:
    keys = hashes(20_000)
    before = draws.choose_routes(5, keys, keyed_routes("a", "b"), log_shares(0.7, 0.3))

    after = draws.choose_routes(5, keys, keyed_routes("a", "b", "new"), log_shares(0.7, 0.3, 0.25))

    stays = after != 2
    np.testing.assert_array_equal(after[stays], before[stays])
    # 0.25 / 1.25 = 0.2 of 20000, sd 0.0028; 4 sd.
    assert 1 - stays.mean() == pytest.approx(0.2, abs=0.0113)


def test_order_of_routes_changes_no_choice() -> None:
    keys = hashes(2_000)
    one = draws.choose_routes(5, keys, keyed_routes("a", "b"), log_shares(0.7, 0.3))

    other = draws.choose_routes(5, keys, keyed_routes("b", "a"), log_shares(0.3, 0.7))

    np.testing.assert_array_equal(one, 1 - other)


def test_equal_utilities_go_to_the_smaller_key(monkeypatch: pytest.MonkeyPatch) -> None:
    level = np.zeros((3, 65_537), dtype=np.int64)
    monkeypatch.setattr("sim.draws.choice.gumbel_table", lambda: level)
    routes, shares = np.array([9, 3, 5], dtype=np.uint64), log_shares(0.4, 0.4, 0.2)

    assert draws.choose(shares, routes, 1, 5) == 1
    assert draws.choose_routes(5, hashes(3), routes, shares).tolist() == [1, 1, 1]


def test_a_route_without_share_is_never_taken() -> None:
    chosen = draws.choose_routes(5, hashes(10_000), keyed_routes("a", "b"), log_shares(0, 1e-9))

    assert chosen.min() == 1


# --- arrivals

EXPONENTIAL = draws.exponential_table()
REGULAR = draws.build_table("deterministic", 0)
YEAR_S = np.cumsum([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) * DAY_S


def sent(
    begin_day: int, end_day: int, lots: float = 300.0, flow: str = "khorgos_europe"
) -> draws.Arrivals:
    """Return Poisson arrivals; months of 30 days from two before to six after the start."""
    intensity = draws.build_intensity(np.arange(-2, 7) * 30 * DAY_S, np.full(8, lots))
    return draws.arrival_times(
        draws.stream(3, 0, draws.ARRIVAL),
        draws.stable_key(flow),
        EXPONENTIAL,
        *intensity,
        begin_s=begin_day * DAY_S,
        end_s=end_day * DAY_S,
    )


def test_regular_arrivals_stand_at_whole_lots() -> None:
    # 48 lots in 2 days: one an hour, at 1, 2, 3 h after the start and 1, 2, 3 h before.
    intensity = draws.build_intensity(np.array([-2, 0, 2]) * DAY_S, np.array([48.0, 48.0]))

    found = draws.arrival_times(1, 2, REGULAR, *intensity, begin_s=-3 * 3600, end_s=3 * 3600)

    assert found.time_s.tolist() == [-10_800, -7_200, -3_600, 3_600, 7_200]
    assert found.number.tolist() == [-3, -2, -1, 1, 2]


def test_lots_that_come_together_share_their_instant() -> None:
    # 2 lots a day, four together: an arrival every 2 days, two of them back and three ahead.
    intensity = draws.build_intensity(np.array([-4, 0, 6]) * DAY_S, np.array([8.0, 12.0]))

    found = draws.arrival_times(
        1, 2, REGULAR, *intensity, begin_s=-4 * DAY_S, end_s=7 * DAY_S - DAY_S, together=4
    )

    days = [-4] * 4 + [-2] * 4 + [2] * 4 + [4] * 4
    assert (found.time_s / DAY_S).tolist() == days
    assert found.number.tolist() == [*range(-8, 0), *range(1, 9)]


def test_arrivals_are_counted_from_a_start_in_the_middle_of_a_month() -> None:
    # 30 lots in 30 days from 10 days before the start, then 60 in 30 days: after the start
    # one a day for 20 days, then one each half day. Lot 21 stands at day 20.5.
    intensity = draws.build_intensity(np.array([-10, 20, 50]) * DAY_S, np.array([30.0, 60.0]))

    found = draws.arrival_times(1, 2, REGULAR, *intensity, begin_s=-10 * DAY_S, end_s=21 * DAY_S)

    assert found.number.tolist() == [*range(-10, 0), *range(1, 22)]
    day = dict(zip(found.number.tolist(), found.time_s / DAY_S, strict=True))
    assert (day[-10], day[-1], day[1], day[20], day[21]) == (-10, -1, 1, 20, 20.5)


def test_a_month_without_demand_has_no_arrivals() -> None:
    intensity = draws.build_intensity(np.array([0, 10, 20, 30]) * DAY_S, np.array([5.0, 0.0, 5.0]))

    found = draws.arrival_times(1, 2, REGULAR, *intensity, begin_s=0, end_s=30 * DAY_S)

    # Lot 5 ends the first piece; lot 6 stands two days into the third.
    assert (found.time_s / DAY_S).tolist() == [2, 4, 6, 8, 10, 22, 24, 26, 28]


def test_large_flows_are_inverted_without_overflow() -> None:
    # 50000 lots in 2**31 s; lots x 2**20 x seconds passes 2**66. Lot n stands at
    # n * 2**31 / 50000 s, half up: the first from 2**31 - 100000 s on is lot 49998.
    intensity = draws.build_intensity(np.array([0, 2**31]), np.array([50_000.0]))

    found = draws.arrival_times(1, 2, REGULAR, *intensity, begin_s=2**31 - 100_000, end_s=2**31)

    assert found.number.tolist() == [49_998, 49_999]
    exact = [Fraction(n * 2**31, 50_000) + Fraction(1, 2) for n in (49_998, 49_999)]
    assert found.time_s.tolist() == [math.floor(time_s) for time_s in exact]


def test_poisson_counts_have_variance_equal_to_mean() -> None:
    # 2000 flows of 24 lots in a year with uneven months; counts in January (2 lots), and
    # in the rest. Index of dispersion: chi2(1999) / 1999, sd 0.0316; 4.5 sd.
    amounts = np.array([2.0, 1, 1, 4, 1, 1, 2, 2, 2, 2, 2, 4])
    intensity = draws.build_intensity(YEAR_S, amounts)
    own = draws.stream(3, 0, draws.ARRIVAL)
    january, rest = np.array(
        [
            np.bincount(
                draws.arrival_times(
                    own, key, EXPONENTIAL, *intensity, begin_s=0, end_s=int(YEAR_S[-1])
                ).time_s
                >= YEAR_S[1],
                minlength=2,
            )
            for key in hashes(2_000).tolist()
        ]
    ).T

    # Means 2 and 22: sd of the mean of 2000 is sqrt(2 / 2000) and sqrt(22 / 2000); 4 sd.
    assert january.mean() == pytest.approx(2, abs=0.127)
    assert rest.mean() == pytest.approx(22, abs=0.42)
    assert january.var() / january.mean() == pytest.approx(1, abs=0.142)
    assert rest.var() / rest.mean() == pytest.approx(1, abs=0.142)
    # Independent counts: correlation 0, sd 0.0224; 4 sd.
    assert abs(np.corrcoef(january, rest)[0, 1]) < 0.09


def test_the_warm_up_is_poisson_like_the_window() -> None:
    # 10 lots a day over 60 days each: 600, sd 24.5; 4 sd.
    found = sent(-60, 60)

    assert np.sum(found.time_s < 0) == pytest.approx(600, abs=98)
    assert np.sum(found.time_s >= 0) == pytest.approx(600, abs=98)


def test_length_of_warm_up_and_window_moves_no_arrival() -> None:
    long, short = sent(-60, 180), sent(-10, 30)

    inside = (long.time_s >= -10 * DAY_S) & (long.time_s < 30 * DAY_S)

    assert len(short.time_s) > 300
    np.testing.assert_array_equal(long.time_s[inside], short.time_s)
    np.testing.assert_array_equal(long.number[inside], short.number)


def test_months_known_beyond_the_run_move_no_arrival() -> None:
    short = draws.build_intensity(YEAR_S[:4] - 20 * DAY_S, np.array([50.0, 60, 70]))
    long = draws.build_intensity(YEAR_S - 20 * DAY_S, np.array([50.0, 60, 70, *range(9)]))

    found = [
        draws.arrival_times(
            1, 2, EXPONENTIAL, *known, begin_s=-20 * DAY_S, end_s=60 * DAY_S
        ).time_s.tolist()
        for known in (short, long)
    ]

    assert found[0] == found[1]


def test_growth_adds_arrivals_and_renames_none() -> None:
    base, grown = sent(0, 180), sent(0, 180, lots=330)

    shared = len(base.number)

    assert len(grown.number) > shared
    np.testing.assert_array_equal(grown.number[:shared], base.number)
    # Arrival n comes at the same cumulative amount: at 1 / 1.1 of the time, to a second.
    np.testing.assert_allclose(grown.time_s[:shared], base.time_s / 1.1, atol=1)


def test_flows_differ_and_so_do_their_consignments() -> None:
    one, other = sent(0, 30), sent(0, 30, flow="khorgos_europe_2")

    assert one.time_s.tolist() != other.time_s.tolist()
    keys = draws.consignment_keys(draws.stable_key("khorgos_europe"), one.number)
    assert keys.tolist() == [
        draws.mix(draws.stable_key("khorgos_europe"), n) for n in one.number.tolist()
    ]
    assert len(np.unique(keys)) == len(keys)


def test_demand_that_does_not_cover_the_run_is_refused() -> None:
    with pytest.raises(PlanError, match="the run needs -5270400 to 0 s"):
        sent(-61, 0)
    with pytest.raises(PlanError, match="must be at most 33554432"):
        draws.build_intensity(np.array([0, DAY_S]), np.array([1e8]))


# --- closures

TABLES = np.stack([REGULAR, EXPONENTIAL, draws.build_table("lognormal", 0.8)])
EVER_S = ((-1000 * DAY_S, 100_000 * DAY_S),)


def drawn(
    *rows: draws.ClosureLaw, begin_day: int = 0, end_day: int = 100_000, seed: int = 1
) -> draws.ClosureIntervals:
    return draws.closure_intervals(
        draws.stream(seed, 0, draws.CLOSURE),
        draws.build_closures(rows),
        TABLES,
        begin_day * DAY_S,
        end_day * DAY_S,
    )


def row(
    name: str, rate: float = 36.525, partner: int = -1, probability: float = 0.0, law: int = 0
) -> draws.ClosureLaw:
    """Return a row with, unless stated, one event of 12 h each 10 days on average."""
    return draws.ClosureLaw(
        draws.stable_key(name),
        law,
        12.0,
        EVER_S,
        rate_per_year=rate,
        partner=partner,
        probability=probability,
    )


def test_random_starts_are_poisson() -> None:
    # 10000 events expected in 100000 days: sd 100; 4 sd. Gaps of mean 10 days: exponential.
    found = drawn(row("aktau"))

    assert len(found.start_s) == pytest.approx(10_000, abs=400)
    gaps = np.diff(found.start_s) / (10 * DAY_S)
    assert stats.kstest(gaps, "expon").pvalue > 0.001
    np.testing.assert_array_equal(found.end_s - found.start_s, 12 * 3600)


def test_gaps_shorter_than_an_hour_keep_their_mean() -> None:
    # Four starts an hour over 100 days: 9600, sd 98; 4 sd.
    found = drawn(row("breakdown", rate=4 * 8766), end_day=100)

    assert np.sum(found.start_s > 0) == pytest.approx(9_600, abs=392)


def test_lengths_follow_the_law_of_the_row() -> None:
    found = drawn(row("aktau", law=2))

    length_h = (found.end_s - found.start_s) / 3600
    # Mean 12 h, cv 0.8, 10000 events: sd of the mean 0.096 h; 4 sd.
    assert length_h.mean() == pytest.approx(12, abs=0.39)
    assert length_h.std() / length_h.mean() == pytest.approx(0.8, abs=0.07)


def test_events_begin_in_their_windows_only_and_at_the_stated_rate() -> None:
    # Windows: the first 30 days of each 360; 4 events a year of 30 allowed days.
    windows = tuple((d * DAY_S, (d + 30) * DAY_S) for d in range(-720, 36_000, 360))
    law = draws.ClosureLaw(9, 1, 12.0, windows, rate_per_year=4.0, allowed_h_per_year=720)

    found = drawn(law, end_day=36_000)

    assert (found.start_s[found.start_s > 0] % (360 * DAY_S) < 30 * DAY_S).all()
    # 100 windows after the start x 4 = 400: sd 20; 4 sd.
    assert len(found.start_s) == pytest.approx(400, abs=80)


def test_length_of_warm_up_and_window_moves_no_closure() -> None:
    # The short run knows only the windows that it needs: an event lasts 12 h. One that is on
    # at the run's first second begins with the run, so the first day is left out.
    long = drawn(row("aktau"), begin_day=-500, end_day=2_000)
    near = row("aktau")._replace(windows_s=((-60 * DAY_S, 300 * DAY_S),))

    short = drawn(near, begin_day=-50, end_day=300)

    inside = (long.start_s >= -49 * DAY_S) & (long.start_s < 300 * DAY_S)
    later = short.start_s >= -49 * DAY_S
    assert later.sum() > 20
    np.testing.assert_array_equal(long.start_s[inside], short.start_s[later])
    np.testing.assert_array_equal(long.end_s[inside], short.end_s[later])


def test_clock_that_stands_still_in_events_leaves_time_between_them() -> None:
    # 8766 h / 243.5 = 36 h from start to start, 12 h of it the event: exponential gaps of 24 h.
    busy = row("mill", rate=243.5)._replace(is_up=True)
    found = drawn(busy, begin_day=-900, end_day=10_000)

    gaps_s = found.start_s[1:] - found.end_s[:-1]
    assert gaps_s.min() >= 0
    # 7266 gaps: the mean has a standard error of 24 h / 85.2; 4 of them.
    assert gaps_s.mean() / HOUR_S == pytest.approx(24, abs=1.13)
    assert np.all(found.end_s - found.start_s == 12 * HOUR_S)


def test_other_rows_move_no_closure() -> None:
    alone = drawn(row("kuryk"))

    among = drawn(row("aaa"), row("kuryk"), row("zzz"))

    np.testing.assert_array_equal(among.start_s[among.closure == 1], alone.start_s)


def test_copies_repeat_a_share_of_the_partners_events() -> None:
    found = drawn(row("kuryk", partner=1, probability=0.8, law=2), row("aktau", law=2))

    own, other = (
        set(
            zip(
                found.start_s[found.closure == c].tolist(),
                found.end_s[found.closure == c].tolist(),
                strict=True,
            )
        )
        for c in (0, 1)
    )
    # Of 10000 events 0.8 are copied: sd 0.004; 4 sd. The rate counts the copies.
    assert len(own & other) / len(other) == pytest.approx(0.8, abs=0.016)
    assert len(own) == pytest.approx(10_000, abs=400)


def test_a_chain_of_copies_with_certainty_is_the_same_weather() -> None:
    found = drawn(
        row("sarzha", partner=1, probability=1.0),
        row("kuryk", partner=2, probability=0.8),
        row("aktau"),
    )

    sarzha, kuryk = (found.start_s[found.closure == c] for c in (0, 1))
    np.testing.assert_array_equal(sarzha, kuryk)


def test_rows_with_dates_begin_on_them() -> None:
    dates = ((-2 * DAY_S, 0), (5 * DAY_S, 6 * DAY_S), (9 * DAY_S, 9 * DAY_S + 1))
    law = draws.ClosureLaw(9, 0, 12.0, dates)

    found = drawn(law, begin_day=-3, end_day=20)

    assert found.start_s.tolist() == [-2 * DAY_S, 5 * DAY_S, 9 * DAY_S]
    # Lengths are counted from the start both ways, so a date before it changes none.
    fewer = law._replace(law=1, windows_s=dates[1:])
    more = drawn(law._replace(law=1), begin_day=-3)
    assert drawn(fewer, begin_day=-3).end_s.tolist() == more.end_s.tolist()[1:]


def test_a_closure_in_force_at_the_first_second_begins_with_the_run() -> None:
    law = draws.ClosureLaw(9, 0, 48.0, ((-DAY_S, -DAY_S + 1),))

    found = drawn(law, begin_day=0, end_day=1)

    assert (found.start_s.tolist(), found.end_s.tolist()) == ([0], [DAY_S])


def test_closures_are_sorted_by_start_then_row() -> None:
    dates = ((5 * DAY_S, 6 * DAY_S),)
    found = drawn(
        draws.ClosureLaw(1, 0, 9.0, dates),
        draws.ClosureLaw(2, 0, 5.0, ((DAY_S, 2 * DAY_S),)),
        draws.ClosureLaw(3, 0, 4.0, dates),
    )

    assert found.closure.tolist() == [1, 0, 2]
    assert found.closure.dtype == np.int32


def test_events_once_in_a_thousand_years_fit_in_64_bits() -> None:
    windows = ((0, 2**31),)
    law = draws.ClosureLaw(9, 0, 12.0, windows, rate_per_year=0.001)

    # 68 years: seldom one event, never two, over 200 seeds: expectation 13.6, sd 3.7.
    counts = [len(drawn(law, end_day=24_855, seed=seed).start_s) for seed in range(200)]

    assert sum(counts) == pytest.approx(13.6, abs=15)
    assert max(counts) <= 2


def test_no_rows_give_no_closures() -> None:
    assert len(drawn().closure) == 0


def test_rows_that_copy_each_other_are_refused() -> None:
    with pytest.raises(PlanError, match="copy each other in a circle: rows"):
        drawn(row("a", partner=1, probability=0.5), row("b", partner=0, probability=0.5))


def test_a_row_that_copies_more_than_it_has_is_refused() -> None:
    with pytest.raises(PlanError, match="copies 8 events a year and has 5 in all"):
        drawn(row("a", rate=5, partner=1, probability=0.8), row("b", rate=10))


# --- all of a replication


def small_plan(**changes: object) -> Plan:
    """Return a plan of two flows over 10 + 30 days, with all else empty.

    Epochs begin on days 0, 15 and 25; flow 0 has routes 0 and 1 in all of them, flow 1
    has route 2 in the second only and a patience of 3 days.
    """
    empty = dict.fromkeys(Plan._fields, np.zeros(0, dtype=np.int64))
    days = np.array([-10, 0, 30]) * DAY_S
    one, two = (
        draws.build_intensity(days, np.array([100, 300])),
        draws.build_intensity(days, np.array([50, 150])),
    )
    filled = {
        "horizon_s": 40 * DAY_S,
        "window_start_s": 10 * DAY_S,
        "flow_key": keyed_routes("flow_a", "flow_b"),
        "flow_gap_law": np.array([1, 1]),
        "flow_together": np.array([1, 1]),
        "flow_patience_s": np.array([NEVER, 3 * DAY_S]),
        "intensity_first": np.array([0, 3, 6]),
        "intensity_s": np.concatenate((one.time_s, two.time_s)),
        "intensity_fp": np.concatenate((one.value_fp, two.value_fp)),
        "route_key": keyed_routes("r0", "r1", "r2"),
        "epoch_start_s": np.array([0, 15, 25]) * DAY_S,
        "choice_first": np.array([0, 2, 2, 4, 5, 7, 7]),
        "choice_route": np.array([0, 1, 0, 1, 2, 0, 1]),
        "choice_log_share": log_shares(0.5, 0.5, 0.5, 0.5, 1, 0.5, 0.5),
        "closure_key": keyed_routes("known", "random", "busy"),
        "interval_closure": np.array([0]),
        "interval_start_s": np.array([7 * DAY_S]),
        "interval_end_s": np.array([8 * DAY_S]),
        "random_closure": np.array([1]),
        "random_gap_fp": np.array([2 * DAY_S * 256]),
        "random_law": np.array([1]),
        "random_mean_fp": np.array([3600 * 256]),
        "random_with": np.array([NEVER]),
        "random_with_ppm": np.array([0]),
        "random_is_up": np.array([0]),
        "busy_closure": np.array([2]),
        "random_window_first": np.array([0, 1]),
        "random_window_start_s": np.array([-10 * DAY_S]),
        "random_window_end_s": np.array([30 * DAY_S]),
        "law_table": TABLES,
    }
    return Plan(**(empty | filled | changes))  # type: ignore[arg-type]


def test_consignments_stand_in_order_of_creation_flow_and_number() -> None:
    found = draws.draw(small_plan(), 1, 0)

    order = list(
        zip(
            found.consignment_created_s.tolist(),
            found.consignment_flow.tolist(),
            found.consignment_number.tolist(),
            strict=True,
        )
    )
    # 600 expected, sd 24.5; 4 sd.
    assert len(order) == pytest.approx(600, abs=98)
    assert order == sorted(order)
    assert order[0][0] >= 0
    assert order[-1][0] < 40 * DAY_S
    before = found.consignment_created_s < 10 * DAY_S
    assert (before == (found.consignment_number < 0)).all()


def test_consignments_wait_for_a_route_as_long_as_their_patience() -> None:
    found = draws.draw(small_plan(), 1, 0)

    created_s, entered_s = found.consignment_created_s, found.consignment_entered_s
    second = found.consignment_flow == 1
    at_once = second & (created_s >= 15 * DAY_S) & (created_s < 25 * DAY_S)
    waits = second & (created_s >= 12 * DAY_S) & (created_s < 15 * DAY_S)
    lost = second & ~at_once & ~waits
    assert (entered_s[at_once | ~second] == created_s[at_once | ~second]).all()
    assert (entered_s[waits] == 15 * DAY_S).all()
    # Whoever is still patient at the end of the run waits to the end.
    assert (entered_s[lost] == np.minimum(created_s[lost] + 3 * DAY_S, 40 * DAY_S)).all()
    assert (found.consignment_route[at_once | waits] == 2).all()
    assert (found.consignment_route[lost] == NEVER).all()
    assert set(found.consignment_route[~second].tolist()) == {0, 1}
    assert min(at_once.sum(), waits.sum(), lost.sum()) > 5


def test_a_patient_consignment_without_any_route_waits_to_the_end() -> None:
    found = draws.draw(
        small_plan(
            flow_patience_s=np.array([NEVER, NEVER]), choice_first=np.array([0, 2, 2, 4, 4, 7, 7])
        ),
        1,
        0,
    )

    second = found.consignment_flow == 1
    assert (found.consignment_entered_s[second] == 40 * DAY_S).all()
    assert (found.consignment_route[second] == NEVER).all()


def test_known_and_drawn_closures_stand_together_in_run_seconds() -> None:
    found = draws.draw(small_plan(), 1, 0)

    known = found.closure_index == 0
    assert found.closure_start_s[known].tolist() == [7 * DAY_S]
    # One in two days over 40 days: 20, sd 4.5; 4 sd.
    assert np.sum(~known) == pytest.approx(20, abs=18)
    assert (np.diff(found.closure_start_s) >= 0).all()
    assert found.closure_start_s.min() >= 0


def test_a_replication_repeats_and_another_differs() -> None:
    one, again, other = (draws.draw(small_plan(), 1, n) for n in (0, 0, 1))

    for a, b, c in zip(one, again, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.tolist() != c.tolist()


def test_a_plan_without_flows_draws_nothing() -> None:
    none = np.zeros(0, dtype=np.uint64)

    found = draws.draw(small_plan(flow_key=none), 1, 0)

    assert len(found.consignment_key) == 0
    assert found.consignment_key.dtype == np.uint64


# --- speed


def best_of(action: object, repeats: int = 5) -> float:
    """Return the shortest processor time of an action, seconds."""
    times = []
    for _ in range(repeats):
        begun = time.process_time()
        action()  # type: ignore[operator]
        times.append(time.process_time() - begun)
    return min(times)


def test_a_draw_takes_less_than_four_microseconds() -> None:
    table = draws.build_table("lognormal", 0.8)
    station = draws.mix(draws.stream(1, 0, draws.SERVICE), 77)

    def draw_many() -> None:
        for n in range(10_000):
            draws.duration_s(table, draws.mix(draws.mix(station, n), 1), 921_600)

    assert best_of(draw_many) / 10_000 < 4e-6


def test_a_million_draws_take_less_than_half_a_second() -> None:
    table = draws.build_table("lognormal", 0.8)
    station = draws.mix(draws.stream(1, 0, draws.SERVICE), 77)
    keys = np.arange(1_000_000)

    def draw_many() -> None:
        draws.duration_array_s(table, draws.mix_array(draws.mix_array(station, keys), 1), 921_600)

    assert best_of(draw_many, repeats=3) < 0.5
