"""The page of full runs: `docs/verification.md`."""

from collections.abc import Mapping, Sequence
from datetime import date

from answers import Case, Verdict

HEAD = """# Verification

Known answers, run as scenario files (`tests/known_answers/`) through the function that
`keruen run` calls, with the compiled engine, which gives the traces of the reference engine
bit for bit. Written by `make verify` on {day}.

A stochastic case is met when n >= 20 independent replications have |mean - exact| <=
t(0.9995, n - 1) SE and a 95 % half-width of at most the stated share of the exact value; what
fails is run once more with fresh seeds before it counts. A deterministic case is met when it
agrees to the second. Times are in the units of the case; the description of each file says how
long one is. Whole seconds (R2) bias a time by at most half a second: a unit is so long that
this is far below the stated half-width.

{met} of {all} cases are met.

| case | family | quantity | exact | measured | 95 % half-width | allowed | n | verdict |
|---|---|---|---|---|---|---|---|---|
"""

PROPERTIES = """
## Properties of every path

`prop-little`, `prop-conserve` and `prop-mono-service` hold without statistical allowance; they
are tests of the suite (`tests/test_known_answers.py`).

## Left out

"""


def page(
    cases: Sequence[Case],
    verdicts: Sequence[Verdict],
    left_out: Mapping[str, str],
    day: date,
) -> str:
    """Return the page of full runs in Markdown."""
    met = sum(verdict.passes for verdict in verdicts)
    rows = [_row(case, verdict) for case, verdict in zip(cases, verdicts, strict=True)]
    reasons = [f"- `{case}`: {reason}" for case, reason in left_out.items()]
    return (
        HEAD.format(day=day, met=met, all=len(cases))
        + "".join(rows)
        + PROPERTIES
        + "\n".join(reasons)
        + "\n"
    )


def _row(case: Case, verdict: Verdict) -> str:
    width = "" if verdict.half_width is None else f"{verdict.half_width:.3g}"
    if case.max_rel_half_width is not None:
        allowed = f"{case.max_rel_half_width * abs(case.exact[0]):.3g}"
    else:
        allowed = "not below" if case.is_bound else "to the second"
    exact, found = (
        ", ".join(f"{one:.6g}" for one in values) for values in (case.exact, verdict.measured)
    )
    words = "met" if verdict.passes else "not met" if verdict.is_sharp else "inconclusive"
    words += ", second seeds" if verdict.is_second else ""
    cells = (
        f"`{case.id}`", case.family, case.quantity, exact, found, width, allowed,
        str(verdict.n), words,
    )  # fmt: skip
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |\n"
