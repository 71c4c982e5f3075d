"""The JSON Schema of the report, made from the model."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from sessions.descriptions import DESCRIPTIONS, ROWS
from sessions.model import SCHEMA, SCHEMA_MAJOR, Session

IDENTIFIER: Final = f"urn:loadtop:session:{SCHEMA_MAJOR}"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the report, every key described."""
    (top,), components = msgspec.json.schema_components((Session,), ref_template="#/$defs/{name}")
    for name, component in components.items():
        meanings = DESCRIPTIONS.get(name, {})
        for key, value in component.get("properties", {}).items():
            component["properties"][key] = _described(value, meanings[key])
        if name in ROWS:
            component["description"] = ROWS[name]
    # msgspec writes the one allowed value as an enum of one; const is what readers look for.
    tag = components["Session"]["properties"]["schema"]
    del tag["enum"]
    tag["const"] = SCHEMA
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": IDENTIFIER,
        "title": "loadtop session",
        **top,
        "$defs": components,
    }
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(schema))  # defaults may be tuples
    return plain


def _described(value: dict[str, Any], meaning: str) -> dict[str, Any]:
    return {"description": meaning, **{key: item for key, item in value.items() if key != "description"}}
