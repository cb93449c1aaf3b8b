"""One consignment's story: no gap in it, and it adds up to the ledger to the second."""

import json
import re
from collections import Counter

import numpy as np
import pytest
from random_plans import random_plan

from commands.running import run
from sim.engine.run import run_drawn
from sim.errors import ResultsError
from sim.experiment.following import followed
from sim.measures.story import Deed, Story
from sim.plan import Cause, Trace

SHORT = ["window.warm_up_days=10"]


def booked(story: Story) -> Counter[tuple[int, int, int]]:
    """Return the seconds of a story's spans by place, cause and closure."""
    seconds: Counter[tuple[int, int, int]] = Counter()
    for span in story.spans:
        for one in span.causes:
            seconds[one.place, one.cause, one.closure] += one.seconds
        rest_s = span.end_s - span.begin_s - sum(one.seconds for one in span.causes)
        assert span.deed != Deed.WAIT or rest_s == 0
        cause = Cause.MOVING if span.deed == Deed.MOVE else Cause.SERVICE
        seconds[span.place, cause, -1] += rest_s
    return +seconds


def check(story: Story, trace: Trace, consignment: int) -> None:
    """Fail unless a story has no gap and adds up, by place and in all."""
    edges = [(span.begin_s, span.end_s) for span in story.spans]
    begins, ends = [begin for begin, _ in edges], [end for _, end in edges]
    assert begins == [story.created_s, *ends][: len(begins)]
    assert not ends or ends[-1] == story.ended_s
    ledger = {(one.place, one.cause, one.closure): one.seconds for one in story.ledger}
    assert booked(story) == ledger
    by_cause = np.zeros(len(Cause), dtype=np.int64)
    for one in story.ledger:
        by_cause[one.cause] += one.seconds
    assert by_cause.tolist() == trace.consignment_cause_s[consignment].tolist()
    assert by_cause.sum() == story.ended_s - story.created_s


@pytest.mark.usefixtures("each_engine")
def test_stories_of_random_plans_add_up_to_the_second() -> None:
    told = 0
    for seed in range(60):
        _, plan, draws = random_plan(seed)
        trace = run_drawn(plan, draws, seed, 0)
        count = len(trace.consignment_flow)
        for consignment in {0, count // 2, count - 1} - {-1}:
            story = followed(
                plan, draws, consignment, seed=seed, replication=0, run_drawn=run_drawn
            )
            check(story, trace, consignment)
            told += bool(story.rides)
    assert told > 60


def test_story_by_number_is_told_with_boarding_border_and_ledger(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")

    run("small-corridor", days=5, sets=SHORT, engine="simpy", follow="xian_poti:3")

    said = " ".join(capsys.readouterr().out.split())
    for words in (
        "xian_poti:3: 2 TEU of box, Xi'an → Poti",
        "created 2024-04-01",
        "Kazakh time (UTC+5)",
        "route: rail Xi'an → Dostyk, rail Dostyk → Aktau, sea Aktau → Alat, rail Alat → Poti",
        "waits for a train to Dostyk: until the vehicle is full",
        "over the border: China → Kazakhstan",
        "of feeder_aktau_alat for Alat,",
    ):
        assert words in said
    found = re.search(r"Sum (.*) transit time (.*)$", said)
    assert found is not None
    assert found[1] == found[2]


def test_story_of_the_slowest_as_json_adds_up(capsys: pytest.CaptureFixture[str]) -> None:
    run(
        "small-corridor",
        days=5,
        sets=SHORT,
        engine="simpy",
        follow="urumqi_almaty:slowest",
        as_json=True,
    )

    told = json.loads(capsys.readouterr().out)
    assert sum(one["seconds"] for one in told["ledger"]) == told["transit_s"]
    assert sum(event["seconds"] for event in told["events"]) == told["transit_s"]
    (closed,) = (event for event in told["events"] if "closed" in event["words"])
    assert {one["closure"] for one in closed["causes"]} <= {"hours:f_horgos_road_customs", None}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("xian_pot:1", "no flow 'xian_pot' is followed; did you mean 'xian_poti'?"),
        (
            "xian_poti:9999",
            r"this run has xian_poti:-\d+ to xian_poti:(\d+).*nearest: xian_poti:\1",
        ),
        ("xian_poti", "for example moscow_xian:1 or moscow_xian:slowest"),
    ],
)
def test_name_that_is_missed_is_answered_with_the_nearest(name: str, message: str) -> None:
    with pytest.raises(ResultsError, match=message):
        run("small-corridor", days=5, sets=SHORT, engine="simpy", follow=name)
