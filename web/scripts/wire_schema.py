#!/usr/bin/env python3
"""Write the JSON schema of every wire struct and enum to standard output, as an OpenAPI components document.

`npm run generate` feeds it to openapi-typescript. Fields of structs the server sends are always
present, so they are marked required even where the struct has a default; fields of structs the
server receives stay optional where they have one. Generic structs (`Page`) are written by hand in
`web/src/lib/wire.ts`.
"""

import enum
import importlib
import inspect
import json
import pkgutil
import sys
from typing import Any

import msgspec

import talktalk_wire
from talktalk_wire.common import Wire


def wire_types() -> list[type]:
    """Every concrete struct and enum of `talktalk_wire`, in the order of its modules."""
    found: dict[str, type] = {}
    for info in pkgutil.iter_modules(talktalk_wire.__path__, "talktalk_wire."):
        module = importlib.import_module(info.name)
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ != info.name or hasattr(kind, "__parameters__"):
                continue
            if issubclass(kind, msgspec.Struct | enum.Enum):
                found[f"{kind.__module__}.{kind.__qualname__}"] = kind
    return list(found.values())


def components() -> dict[str, Any]:
    """The schemas by struct name.

    Raises:
        ValueError: Two modules use one struct name, which would give unreadable type names.
    """
    kinds = wire_types()
    _, schemas = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    for kind in kinds:
        schema = schemas.get(kind.__name__)
        if schema is None:
            raise ValueError(f"{kind.__module__}.{kind.__name__}: the name is used twice")
        properties = schema.get("properties", {})
        if issubclass(kind, Wire):
            schema["required"] = list(properties)
        for property_schema in properties.values():
            property_schema.pop("default", None)
    return schemas


def main() -> None:
    """Print the document."""
    document = {
        "openapi": "3.1.0",
        "info": {"title": "TalkTalk wire", "version": "1"},
        "paths": {},
        "components": {"schemas": components()},
    }
    json.dump(document, sys.stdout, indent=1, sort_keys=True)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
