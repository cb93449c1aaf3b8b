"""What YAML may do in a scenario file, and what it may not."""

import re
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import ScenarioError
from sim.scenario.reader import MAX_BYTES, parse, parse_value, read
from sim.scenario.tree import marks, plain


def refusal(text: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        parse(text, "x.yaml")
    return str(caught.value)


def test_plain_scalars_follow_yaml_1_2() -> None:
    text = (
        "a: NO\nb: 12:30\nc: 1e3\nd: true\ne: 1_000\nf: ~\ng: '7'\nh: -2.5\ni: on\nj: 2024-01-01\n"
    )

    values = plain(parse(text, "x.yaml"))

    assert values == {
        "a": "NO", "b": "12:30", "c": 1000.0, "d": True, "e": "1_000", "f": None, "g": "7",
        "h": -2.5, "i": "on", "j": "2024-01-01",
    }  # fmt: skip


def test_every_value_knows_its_line_and_column() -> None:
    where = marks(parse("a:\n  b: [1, 22]\n", "x.yaml"))

    assert str(where["a",]) == "x.yaml:1:1"
    assert str(where["a", "b"]) == "x.yaml:2:3"
    assert str(where["a", "b", 1]) == "x.yaml:2:10"


def test_a_duplicate_key_names_both_lines() -> None:
    assert refusal("a: 1\nb:\n  c: 1\n  c: 2\n") == (
        "x.yaml:4:3: duplicate key 'c'; first at x.yaml:3:3\n     4 |   c: 2\n       |   ^"
    )


def test_all_problems_of_a_text_come_at_once() -> None:
    text = refusal("a: 012\na: 1\nb: !!set {}\n")

    assert re.findall(r"^x\.yaml:\d+:\d+", text, re.MULTILINE) == [
        "x.yaml:1:4",
        "x.yaml:2:1",
        "x.yaml:3:4",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x.yaml: empty scenario; at least 'schema_version' and 'name' are needed"),
        ("# nothing\n", "x.yaml: empty scenario"),
        ("- a\n", "x.yaml:1:1: the top level is a list; it must be a mapping"),
        ("word\n", "x.yaml:1:1: the top level is the text 'word'; it must be a mapping"),
        ("a:\n\t- b\n", "x.yaml:2:1: not YAML: a tab in the indentation; use spaces"),
        ("a: [1, 2\nb: 3\n", "x.yaml:2:2: not YAML: did not find expected ',' or ']'"),
        ("a: 1\n---\nb: 2\n", "x.yaml:2:1: a second document begins"),
        ("a: 012\n", "x.yaml:1:4: '012' could be a decimal, an octal or a name"),
        ("a: 0x1F\n", "x.yaml:1:4: '0x1F' could be"),
        ("a: .nan\n", "x.yaml:1:4: .nan is not a finite number"),
        ("a: -.inf\n", "x.yaml:1:4: -.inf is not a finite number"),
        ("a: 1e999\n", "x.yaml:1:4: 1e999 is not a finite number"),
        ("a: -0.0\n", "x.yaml:1:4: -0.0 is a negative zero; write 0"),
        ("? [a]\n: b\n", "x.yaml:1:3: a key must be text, not a list or a mapping"),
        ("a: &x {b: 1}\nc: {<<: *x}\n", "x.yaml:2:5: merge key '<<' is not allowed"),
        ("a: &a [*a]\n", "x.yaml:1:8: recursive alias '*a'"),
        ("a: *b\n", "x.yaml:1:4: alias '*b' has no anchor '&b' before it"),
        ("a: !!python/object/apply:os.system [ls]\n", "python/object/apply:os.system'; tags are"),
        ("a: \u202eb\n", "x.yaml:1:4: control or text-direction character U+202E; delete it"),
        ("a: b\x07\n", "x.yaml:1:5: control or text-direction character U+0007; delete it"),
    ],
)
def test_what_is_refused_says_where_and_why(text: str, message: str) -> None:
    assert message in refusal(text)


def test_names_of_all_scripts_are_kept() -> None:
    text = "a: 'Қорғас — هرات — e\u0301 — 🚂'\n"

    assert plain(parse(text, "x.yaml")) == {"a": "Қорғас — هرات — e\u0301 — 🚂"}


@pytest.mark.parametrize("depth", [65, 900, 10_000, 100_000])
def test_deep_nesting_is_an_error_and_no_crash(depth: int) -> None:
    text = refusal("[" * depth + "]" * depth)

    assert "nested deeper than 64 levels" in text or "exceeded maximum nesting depth" in text


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    """Nine levels of nine would be 9^9 = 387 million values."""
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    tracemalloc.start()

    text = refusal("\n".join(levels))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert "more than 500000 values, aliases written out" in text
    assert peak < 20_000_000


def test_an_alias_stands_for_what_it_names() -> None:
    assert plain(parse("a: &x [1, 2]\nb: *x\n", "x.yaml")) == {"a": [1, 2], "b": [1, 2]}


def test_too_many_aliases_are_refused() -> None:
    text = "a: &x 1\nb: [" + ", ".join(["*x"] * 1001) + "]\n"

    assert "more than 1000 aliases" in refusal(text)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfea\x00:\x00", "is UTF-16; save it as UTF-8"),
        (b"a: b\nname: caf\xe9\n", ":2:10: byte 0xe9 is not UTF-8; the file looks like Latin-1"),
        (b"a" * (MAX_BYTES + 1), "holds 8000001 bytes; at most 8000000 are read"),
    ],
)
def test_a_file_that_is_no_utf_8_text_is_named(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)

    with pytest.raises(ScenarioError) as caught:
        read(path)

    assert message in str(caught.value)


def test_a_byte_order_mark_is_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")

    assert plain(read(path)) == {"a": 1}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"none\.yaml: cannot be read: no such file"):
        read(tmp_path / "none.yaml")


def test_a_short_value_is_any_yaml_value() -> None:
    texts = ["6", "", "[rail, sea]", "{a: 1}", "year"]

    values = [plain(parse_value(text, "--set x")) for text in texts]

    assert values == [6, None, ["rail", "sea"], {"a": 1}, "year"]


@settings(max_examples=200)
@given(
    st.one_of(
        st.text(max_size=40),
        st.text(alphabet="ab:-[]{}&*!|>'\"#,? \n\t0.~%@`", max_size=60),
    )
)
def test_any_text_gives_a_mapping_or_a_message(text: str) -> None:
    message, found = "", None
    try:
        found = plain(parse(text, "x.yaml"))
    except ScenarioError as error:
        message = str(error)

    assert isinstance(found, dict) or message.startswith("x.yaml")
