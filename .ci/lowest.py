"""Print, as pip constraints, the lowest version of every dependency that pyproject.toml allows."""

import re
import tomllib
from itertools import chain
from pathlib import Path

PROJECT = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text())["project"]
EXTRAS = chain.from_iterable(PROJECT["optional-dependencies"].values())

for requirement in chain(PROJECT["dependencies"], EXTRAS):
    if found := re.fullmatch(r"([\w.-]+)(?:\[\w+\])?>=([\w.]+)", requirement):
        print(f"{found[1]}=={found[2]}")
