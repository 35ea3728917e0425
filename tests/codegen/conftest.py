"""The generated shop, made once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.codegen.shop import Shop, generated


@pytest.fixture(scope="package")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Generate the shop."""
    with generated(tmp_path_factory.mktemp("shop")) as made:
        yield made
