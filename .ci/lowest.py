"""Print, as pip constraints, the lowest version of every dependency that pyproject.toml allows."""

import re
import tomllib
from pathlib import Path

PROJECT = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text())["project"]

for requirement in (*PROJECT["dependencies"], *sum(PROJECT["optional-dependencies"].values(), [])):
    if found := re.fullmatch(r"([\w.-]+)(?:\[\w+\])?>=([\w.]+)", requirement):
        print(f"{found[1]}=={found[2]}")
