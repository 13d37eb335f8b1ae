import msgspec
import pytest

from posthouse.config import pool, schema
from posthouse.config.part import Part
from posthouse.config.pool import ProviderEntry
from posthouse.config.shape import shape, written
from posthouse.providers.base import Spec
from tests.config.providers import SPECS

HELD = vars(pool) | vars(schema)
PARTS = [part for part in HELD.values() if isinstance(part, type) and issubclass(part, Part)]


@pytest.mark.parametrize("part", PARTS)
def test_every_setting_is_described(part: type[msgspec.Struct]) -> None:
    assert part.__doc__
    for info in written(part):
        assert shape(info.type).description.endswith("."), info.name


@pytest.mark.parametrize("part", PARTS)
def test_a_configuration_cannot_be_changed(part: type[msgspec.Struct]) -> None:
    assert part.__struct_config__.frozen


@pytest.mark.parametrize("spec", SPECS.values(), ids=lambda spec: spec.name)
def test_a_providers_settings_have_names_of_their_own(spec: Spec) -> None:
    common = {info.encode_name for info in written(ProviderEntry)}
    assert common.isdisjoint(info.encode_name for info in written(spec.settings))
