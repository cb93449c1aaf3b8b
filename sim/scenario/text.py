"""A scenario as text again: the resolved file, and the JSON Schema of the format."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import yaml
import yamlcore

from network import attributes
from network.attributes import Attribute
from network.schema import TABLES, RawValue, RowChange
from sim.scenario.check import ROW_TABLES
from sim.scenario.models import PatchHead, Scenario
from sim.scenario.rows import SEASON_KEYS
from sim.scenario.sweeps import SweepFile

Json = dict[str, Any]

_TYPES: Mapping[str, Json] = {
    "text": {"type": ["string", "number", "null"]},
    "number": {"type": ["number", "null"]},
    "integer": {"type": ["integer", "null"]},
    "date": {"type": ["string", "null"], "format": "date"},
    "yes_no": {"enum": ["yes", "no", True, False, None]},
    "clock": {"type": ["string", "null"], "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"},
}


def resolved_yaml(scenario: Scenario) -> str:
    """Return the scenario as one YAML file that extends nothing and loads to the same.

    The same scenario gives the same bytes: every key is written, rows are in the order
    of table and id, and columns in that of their table.
    """
    document = scenario.model_dump(mode="json", by_alias=True)
    rows = _rows_by_kind(scenario.network.changes)
    network, demand = document["network"], document["demand"]
    for table, added in rows["add"].items():
        if table == "demand":
            demand["rows"] = added
        else:
            network[table] = added
    for kind in ("change", "retire"):
        if rows[kind]:
            document[kind] = rows[kind]
    text: str = yaml.dump(
        document, Dumper=yamlcore.CoreDumper, sort_keys=False, allow_unicode=True, width=10_000
    )
    return text


def question_yaml(scenario: Scenario) -> str:
    """Return the same without what only names and describes it: equal for equal results."""
    blank = {"name": "x", "title": "", "question": "", "description": "", "library": None}
    experiment = scenario.experiment.model_copy(update={"compare_with": None})
    return resolved_yaml(scenario.model_copy(update={**blank, "experiment": experiment}))


def _rows_by_kind(changes: Iterable[RowChange]) -> dict[str, dict[str, list[Any]]]:
    """Return kind -> table -> rows as a file writes them."""
    kinds: dict[tuple[str, str], str] = {}
    cells: dict[tuple[str, str], dict[str, RawValue]] = {}
    for change in changes:
        key = (change.table, change.id)
        kinds.setdefault(key, change.kind)
        cells.setdefault(key, {}).update(change.values)
    found: dict[str, dict[str, list[Any]]] = {"add": {}, "change": {}, "retire": {}}
    for table in TABLES:
        for key in sorted((k for k in kinds if k[0] == table), key=lambda k: k[1].encode()):
            kind = kinds[key]
            row = key[1] if kind == "retire" else _row(table, key[1], cells[key])
            found[kind].setdefault(table, []).append(row)
    return found


def _row(table: str, row_id: str, cells: Mapping[str, RawValue]) -> Json:
    row: Json = {"id": row_id}
    if table == "season":
        profile, _, month = row_id.rpartition(":")
        row = dict(zip(SEASON_KEYS, (profile, int(month)), strict=True))
    for attribute in attributes.of_table(table):
        if attribute.name in cells and attribute.name not in row:
            value = cells[attribute.name]
            row[attribute.name] = list(value) if isinstance(value, tuple) else value
    return row


def json_schema() -> str:
    """Return the JSON Schema (draft 2020-12) of scenario files, for editors.

    A file may leave to the one that it extends whatever it does not say itself, so only
    ``schema_version`` and ``name`` are required.
    """
    schema = Scenario.model_json_schema(by_alias=True)
    sweep = SweepFile.model_json_schema(by_alias=True)
    definitions = schema["$defs"] | sweep["$defs"]
    schema["$defs"] = definitions
    for definition in definitions.values():
        definition.pop("required", None)
    schema["required"] = ["schema_version", "name"]
    properties = schema["properties"]
    properties["extends"] = _text("scenario file that this one changes")
    properties["patches"] = {
        "type": "array",
        "items": {"type": "string"},
        "description": "patch files, stacked in order",
    }
    sections = {k: v for k, v in properties.items() if k not in _HEAD_KEYS}
    properties |= _patch_language() | sweep["properties"]
    properties["overrides"] = {
        "type": "object",
        "description": "name -> what `--override name` lays over the scenario",
        "additionalProperties": {
            "type": "object",
            "properties": sections | _patch_language(),
            "additionalProperties": False,
        },
    }
    _add_rows(definitions)
    definitions["NetworkSection"]["properties"] |= {table: _list_of(table) for table in ROW_TABLES}
    definitions["Demand"]["properties"]["rows"] = _list_of("demand")
    return _written(schema, "Keruen scenario")


def patch_schema() -> str:
    """Return the JSON Schema (draft 2020-12) of patch files, for editors."""
    schema = PatchHead.model_json_schema(by_alias=True)
    schema["properties"] |= _patch_language()
    schema["$defs"] = {}
    _add_rows(schema["$defs"])
    return _written(schema, "Keruen patch")


_HEAD_KEYS = ("schema_version", "name", "extends", "patches")


def _written(schema: Json, title: str) -> str:
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps({**head, **schema, "title": title}, indent=1, ensure_ascii=False) + "\n"


def _text(description: str) -> Json:
    return {"type": "string", "description": description}


def _patch_language() -> Json:
    words = {
        "add": "rows that the network gets",
        "change": "rows that exist, with the columns that change; null clears a cell",
    }
    found: Json = {
        kind: {
            "type": "object",
            "description": f"table -> {meaning}",
            "properties": {table: _list_of(table) for table in TABLES},
            "additionalProperties": False,
        }
        for kind, meaning in words.items()
    }
    ids = {"type": "array", "items": {"type": "string"}}
    found["retire"] = {
        "type": "object",
        "description": "table -> ids of rows that the network loses",
        "properties": dict.fromkeys(TABLES, ids),
        "additionalProperties": False,
    }
    return found


def _list_of(table: str) -> Json:
    return {"type": "array", "items": {"$ref": f"#/$defs/{table}_row"}}


def _add_rows(definitions: Json) -> None:
    for table in TABLES:
        columns = attributes.of_table(table)
        definitions[f"{table}_row"] = {
            "type": "object",
            "properties": {column.name: _column(column) for column in columns},
            "required": list(SEASON_KEYS) if table == "season" else ["id"],
            "additionalProperties": False,
        }


def _column(column: Attribute) -> Json:
    words = [column.meaning]
    words += [f"unit: {column.unit}"] if column.unit else []
    words += ["needed in a new row"] if column.required else []
    words += [f"default: {column.default}"] if column.default else []
    schema = {**_typed(column), "description": "; ".join(words)}
    limits = {
        "minimum": column.least,
        "exclusiveMinimum": column.above,
        "maximum": column.most,
    }
    return schema | {key: limit for key, limit in limits.items() if limit is not None}


def _typed(column: Attribute) -> Json:
    if column.dtype == "list":
        item: Json = {"type": ["string", "number"]}
        if column.allowed:
            item = {"enum": [*column.allowed, *map(int, filter(str.isdigit, column.allowed))]}
        return {
            "anyOf": [{"type": ["string", "number", "null"]}, {"type": "array", "items": item}]
        }
    if column.dtype == "text" and column.allowed:
        return {"enum": [*column.allowed, None]}
    return dict(_TYPES[column.dtype])
