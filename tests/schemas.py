"""JSON Schema as our own documents use it: what a value has wrong, and values that fit.

Stricter in one thing: an object that names its properties has no others. A word that stands in
no document yet is an error here, so that nothing is passed over.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

from tests.unit.protocol import resolved

TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "array": (list,),
    "object": (dict,),
}
KNOWN = {"$ref", "type", "const", "enum", "anyOf", "items", "properties", "required"} | {
    "additionalProperties",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "minItems",
    "maxItems",
}
SAYS_NOTHING = {"title", "description", "default", "examples"}

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def mismatches(document: Any, schema: Any, value: Any, at: str = "") -> Iterator[str]:
    """What of `value` is not as `schema` has it."""
    schema = resolved(document, schema)
    assert schema.keys() <= KNOWN | SAYS_NOTHING, schema.keys()
    if "anyOf" in schema:
        forms = [list(mismatches(document, form, value, at)) for form in schema["anyOf"]]
        if all(forms):
            yield f"{at}: no form fits: {forms}"
    if "type" in schema:
        is_bool = isinstance(value, bool)
        if is_bool != (schema["type"] == "boolean") or not isinstance(value, TYPES[schema["type"]]):
            yield f"{at}: {value!r} is no {schema['type']}"
            return
    if "const" in schema and value != schema["const"]:
        yield f"{at}: {value!r} is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is none of {schema['enum']}"
    if isinstance(value, str) and not (
        schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
    ):
        yield f"{at}: its length is {len(value)}"
    if isinstance(value, int | float) and not (
        schema.get("minimum", value) <= value <= schema.get("maximum", value)
        and schema.get("exclusiveMinimum", -math.inf) < value
    ):
        yield f"{at}: {value} is out of bounds"
    if isinstance(value, list) and not (
        schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value))
    ):
        yield f"{at}: there are {len(value)}"
    if isinstance(value, list) and "items" in schema:
        for number, item in enumerate(value):
            yield from mismatches(document, schema["items"], item, f"{at}/{number}")
    if isinstance(value, dict):
        yield from _mismatches_in_object(document, schema, value, at)


def _mismatches_in_object(document: Any, schema: Any, value: Any, at: str) -> Iterator[str]:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{at}: {name} is missing"
    more = schema.get("additionalProperties", "properties" not in schema)
    for name, inner in value.items():
        if name in properties:
            yield from mismatches(document, properties[name], inner, f"{at}/{name}")
        elif more is False:
            yield f"{at}: {name} is too much"
        elif more is not True:
            yield from mismatches(document, more, inner, f"{at}/{name}")


def values(document: Any, schema: Any) -> st.SearchStrategy[Any]:
    """Values that fit `schema`."""
    schema = resolved(document, schema)
    assert schema.keys() <= KNOWN | SAYS_NOTHING, schema.keys()
    if "anyOf" in schema:
        return st.one_of([values(document, form) for form in schema["anyOf"]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    make = _MAKERS.get(schema.get("type"))
    return anything if make is None else make(document, schema)


def _object(document: Any, schema: Any) -> st.SearchStrategy[Any]:
    required = schema.get("required", ())
    given = {name: values(document, it) for name, it in schema["properties"].items()}
    return st.fixed_dictionaries(
        {name: it for name, it in given.items() if name in required},
        optional={name: it for name, it in given.items() if name not in required},
    )


_MAKERS: dict[str, Callable[[Any, Any], st.SearchStrategy[Any]]] = {
    "string": lambda _, it: st.text(min_size=it.get("minLength", 0), max_size=it.get("maxLength")),
    "integer": lambda _, it: st.integers(it.get("minimum"), it.get("maximum")),
    "number": lambda _, it: st.floats(
        it.get("minimum", it.get("exclusiveMinimum")),
        it.get("maximum"),
        allow_nan=False,
        allow_infinity=False,
        exclude_min="exclusiveMinimum" in it,
    ),
    "boolean": lambda *_: st.booleans(),
    "null": lambda *_: st.none(),
    "array": lambda document, it: st.lists(
        values(document, it["items"]), min_size=it.get("minItems", 0), max_size=3
    ),
    "object": _object,
}
