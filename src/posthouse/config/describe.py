"""The configuration as data about itself: rows for a reference page, and a JSON Schema for editors.

Both are made from the structs that the reader follows, so neither can say anything else than it does.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo

from posthouse.config.pool import Key, ProviderEntry
from posthouse.config.schema import Admin, Config
from posthouse.config.shape import Shape, expected, is_dict, is_list, is_part, shape, written
from posthouse.config.values import Domain, Duration, Store
from posthouse.mail.address import shown
from posthouse.mail.message import Address
from posthouse.providers.base import Spec

REFERENCE: Final[dict[str, Any]] = {"type": "string", "pattern": r"\$\{"}
"""`${NAME}`: may stand wherever a scalar may."""

SECRET_FILE: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"file": {"type": "string", "description": "Path of a file that holds the secret."}},
    "required": ["file"],
    "additionalProperties": False,
}


class Row(msgspec.Struct, frozen=True):
    """One setting.

    path: in dots, with DOMAIN and NAME for what the operator names. default: as it would be written; None where the
    setting is required, absent unless said, or its description tells the default.
    """

    path: str
    expected: str
    default: str | None
    required: bool
    description: str


def rows(specs: Mapping[str, Spec]) -> list[Row]:
    """Every setting there is, in the order of the file; a provider's own under `pools.DOMAIN.providers.TYPE`."""
    found = list(_rows(written(Config), ""))
    for name, spec in specs.items():
        found += _rows(written(spec.settings), f"pools.DOMAIN.providers.{name}.")
    return found


def _rows(infos: Iterable[FieldInfo], prefix: str) -> Iterable[Row]:
    for info in infos:
        form, path = shape(info.type), f"{prefix}{info.encode_name}"
        yield Row(path, expected(form), _default(info), info.required, form.description)
        if part := form.first(is_part):
            yield from _rows(written(part), f"{path}.")
        if option := form.first(is_dict):
            name, kind = get_args(option)
            if is_part(kind):
                yield from _rows(written(kind), f"{path}.{'DOMAIN' if name == Domain else 'NAME'}.")


def _default(info: FieldInfo) -> str | None:
    """A default as it would be written; a struct's are its fields' own."""
    value, form = info.default, shape(info.type)
    later = any((meta.extra or {}).get("settled_later") for meta in form.bounds)
    if later or value is msgspec.NODEFAULT or value is None or value in ((), "") or is_part(type(value)):
        return None
    if form.options == shape(Duration).options:
        return _duration(value)
    if isinstance(value, bool):
        return str(value).lower()
    return value.place if isinstance(value, Store) else shown(value) if isinstance(value, Address) else str(value)


def _duration(seconds: float) -> str:
    for unit, length_s in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % length_s == 0 and seconds > length_s:
            return f"{seconds / length_s:g}{unit}"
    return f"{seconds:g}s"


def json_schema(specs: Mapping[str, Spec]) -> dict[str, Any]:
    """A JSON Schema (2020-12) of `posthouse.yaml`."""
    schema = _object(Config, written(Config), specs)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "posthouse.yaml", **schema}


def _object(part: type[msgspec.Struct], infos: tuple[FieldInfo, ...], specs: Mapping[str, Spec]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": (part.__doc__ or "").partition("\n")[0],
        "properties": {info.encode_name: _field(info, specs) for info in infos},
        "required": [info.encode_name for info in infos if info.required],
        "additionalProperties": False,
    }


def _field(info: FieldInfo, specs: Mapping[str, Spec]) -> dict[str, Any]:
    form, default = shape(info.type), _default(info)
    schema = {**_value(form, specs), "description": f"{form.description} Expected: {expected(form)}."}
    if default is None:
        return schema
    as_it_is = form.first(lambda option: option in (bool, int, float)) and not isinstance(info.default, str)
    return {**schema, "default": info.default if as_it_is else default}


def _value(form: Shape, specs: Mapping[str, Spec]) -> dict[str, Any]:
    kinds = [_option(option, form, specs) for option in form.options]
    if form.first(_is_strict):
        kinds.append(REFERENCE)
    if form.secret:
        kinds.append(SECRET_FILE)
    return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}


def _is_strict(option: Any) -> bool:
    """Whether a schema says more of this scalar than that it is text, so that `${NAME}` must be allowed beside it."""
    return option in (bool, int, float) or get_origin(option) is Literal


def _option(option: Any, form: Shape, specs: Mapping[str, Spec]) -> dict[str, Any]:
    if is_part(option):
        return _part(option, specs)
    if is_list(option):
        return {"type": "array", "items": _value(shape(get_args(option)[0]), specs)}
    if is_dict(option):
        kind = get_args(option)[1]
        if kind is ProviderEntry:
            return {"type": "object", **_providers(specs)}
        return {"type": "object", "additionalProperties": _value(shape(kind), specs)}
    if get_origin(option) is Literal:
        return {"enum": list(get_args(option))}
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number")):
        if option is kind:
            return {"type": name, **_bounds(form)}
    return {"type": "string"}


def _part(part: Any, specs: Mapping[str, Spec]) -> dict[str, Any]:
    whole = _object(part, written(part), specs)
    return {"anyOf": [{"type": "string"}, SECRET_FILE, whole]} if part in (Admin, Key) else whole


def _providers(specs: Mapping[str, Spec]) -> dict[str, Any]:
    """An entry's type is its name unless said, so a known name alone also tells the settings."""
    typed = {name: _provider(spec, specs) for name, spec in specs.items()}
    said = [{**schema, "required": [*schema["required"], "type"]} for schema in typed.values()]
    return {
        "properties": {name: {"anyOf": [schema, *said]} for name, schema in typed.items()},
        "additionalProperties": {"anyOf": said},
    }


def _provider(spec: Spec, specs: Mapping[str, Spec]) -> dict[str, Any]:
    schema = _object(ProviderEntry, written(ProviderEntry) + written(spec.settings), specs)
    schema["properties"]["type"] = {"const": spec.name}
    return {**schema, "description": spec.title}


def _bounds(form: Shape) -> dict[str, Any]:
    names = (("ge", "minimum"), ("gt", "exclusiveMinimum"), ("le", "maximum"), ("lt", "exclusiveMaximum"))
    found = ((word, getattr(bound, name)) for bound in form.bounds for name, word in names)
    return {word: value for word, value in found if value is not None}
