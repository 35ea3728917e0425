"""The long description for a package index: the README, with links that lead somewhere there.

Hatchling calls `LongDescription` when it builds (see pyproject.toml).  Where ``[project.urls]``
has a ``Repository``, relative links and pictures become absolute ones to the tag of the version.
Where it has none, they cannot lead anywhere: links become plain text and pictures are left out.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

__all__ = ["LongDescription", "long_description"]

_FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_PICTURE = re.compile(r'!\[(?P<alt>[^\]]*)\]\((?P<md>[^)]+)\)|<img src="(?P<html>[^"]+)"[^>]*>')
_LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]+)\]\((?P<target>[^)]+)\)")
_ELSEWHERE = re.compile(r"[a-z]+:|#")


def long_description(readme: str, repository: str | None, version: str) -> str:
    """Return the text for a package index.

    Args:
        readme: the text of the README.
        repository: the address of the repository on a host with GitHub's paths, if it is known.
        version: the version that is built; its tag is ``v`` and the version.

    """
    base = repository and repository.rstrip("/")

    def picture(match: re.Match[str]) -> str:
        path = match["md"] or match["html"]
        if _ELSEWHERE.match(path):
            return match[0]
        return match[0].replace(path, f"{base}/raw/v{version}/{path}") if base else ""

    def link(match: re.Match[str]) -> str:
        text, target = match["text"], match["target"]
        if _ELSEWHERE.match(target):
            return match[0]
        return f"[{text}]({base}/blob/v{version}/{target})" if base else text

    parts = _FENCE.split(readme)  # every second one is a block of code
    parts[::2] = (_LINK.sub(link, _PICTURE.sub(picture, part)) for part in parts[::2])
    return "".join(parts)


class LongDescription(MetadataHookInterface):
    """Sets the readme of the project's metadata."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the long description."""
        readme = Path(self.root, "README.md").read_text(encoding="utf-8")
        repository = metadata.get("urls", {}).get("Repository")
        text = long_description(readme, repository, metadata["version"])
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
