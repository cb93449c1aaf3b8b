"""Quantities in words: units, thousands, and no more digits than the interval carries."""

import math
import re
from collections.abc import Mapping
from types import MappingProxyType

THIN = "\u202f"
"""Narrow no-break space between thousands, as ISO 80000-1 asks."""
MINUS = "\u2212"
NOTHING = "–"
_COMMA = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")

_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "TEU": "TEU",
        "TEU h": "TEU-hours",
        "TEU d": "TEU-days",
        "TEU/d": "TEU a day",
        "TEU/a": "TEU a year",
        "d": "days",
        "h": "hours",
        "USD/TEU": "USD a TEU",
        "kg/TEU": "kg a TEU",
    }
)
_NOTHING = 1e-7
"""Part of a value below which a half width is only what arithmetic left."""

_DECIMALS: Mapping[str, int] = MappingProxyType(
    {
        "TEU": 0,
        "TEU h": 0,
        "TEU d": 0,
        "TEU/d": 0,
        "TEU/a": 0,
        "d": 2,
        "h": 2,
        "%": 2,
        "USD/TEU": 1,
        "kg/TEU": 1,
    }
)
_NOTHING_SAID = frozenset({"", "unit"})


def unit_words(unit: str) -> str:
    """The unit as a reader says it; one that is not known stands as it is."""
    return "" if unit in _NOTHING_SAID else _WORDS.get(unit, unit)


def decimals_for(value: float, half_width: float | None, unit: str = "") -> int:
    """Digits after the point that a figure deserves.

    Parameters
    ----------
    value
        Any finite number.
    half_width
        Half width of its interval, which is then shown to two significant digits, so
        that the result may be negative (-3: whole thousands); None or 0 shows the value
        to three, and never less than whole units.
    unit
        Caps the digits: of TEU there are no parts; of days no more than two decimals,
        unless the interval would then read zero.
    """
    is_wide = half_width is not None and half_width > _NOTHING * abs(value)
    guide, digits = (half_width, 2) if is_wide else (value, 3)
    if not guide or not math.isfinite(guide):
        return 0
    places = min(digits - 1 - math.floor(math.log10(abs(guide))), 6)
    most = _DECIMALS.get(unit, 6)
    if unit.startswith("TEU") or round(guide, most) != 0:
        places = min(places, most)
    return places if is_wide else max(places, 0)


def figure(value: float | None, decimals: int | None = None) -> str:
    """A number with thin spaces between thousands and a real minus sign."""
    if value is None or not math.isfinite(value):
        return NOTHING
    places = decimals_for(value, None) if decimals is None else decimals
    text = f"{round(abs(value), places):,.{max(places, 0)}f}".replace(",", THIN)
    is_zero = not any(digit in "123456789" for digit in text)
    return text if value >= 0 or is_zero else MINUS + text


def signed(value: float | None, decimals: int | None = None) -> str:
    """A difference: as ``figure``, with a plus sign before what is more than nothing."""
    text = figure(value, decimals)
    is_more = value is not None and math.isfinite(value) and value > 0
    return f"+{text}" if is_more and any(digit in "123456789" for digit in text) else text


def thin_thousands(text: str) -> str:
    """Words in which the commas between thousands have become thin spaces."""
    return _COMMA.sub(THIN, text)


def share(value: float | None) -> str:
    """A part of one as a percentage."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return f"{figure(100 * value, 1)}{THIN}%"


def share_spread(value: float | None, half_width: float | None) -> str:
    """A part of one with its 95 % interval, as percentages."""
    if value is None or half_width is None or not math.isfinite(value + half_width):
        return share(value) if value is None else f"{share(value)} (no interval)"
    return f"{figure(100 * value, 1)} ± {figure(100 * half_width, 1)}{THIN}%"


def spread(value: float | None, half_width: float | None, unit: str = "") -> str:
    """A mean with its 95 % interval, or with the words that there is none."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if half_width is None or not math.isfinite(half_width):
        return f"{figure(value, decimals_for(value, None, unit))} (no interval)"
    places = decimals_for(value, half_width, unit)
    return f"{figure(value, places)} ± {figure(half_width, places)}"


def interval(value: float | None, half_width: float | None, unit: str = "") -> str:
    """The two ends of a difference's 95 % interval."""
    if value is None or half_width is None or not math.isfinite(half_width):
        return "no interval"
    places = decimals_for(value, half_width, unit)
    low, high = signed(value - half_width, places), signed(value + half_width, places)
    return f"{low} to {high}"
