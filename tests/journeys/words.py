"""The message catalogue, so that journeys name things as the screens do, in both languages."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

CATALOGUE = Path(__file__).parents[2] / "web" / "src" / "i18n"


@cache
def _texts(locale: str, namespace: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CATALOGUE / locale / f"{namespace}.json").read_text(encoding="utf-8"))
    return found


class Words:
    """One language's texts."""

    def __init__(self, locale: str) -> None:
        self.locale = locale
        """`ko` or `en`."""

    def __call__(self, key: str, **values: object) -> str:
        """A text by `namespace:path`, with its values filled in; `count` chooses the plural."""
        namespace, _, path = key.partition(":")
        text = self._find(namespace, path, values.get("count"))
        return re.sub(r"\{\{(\w+)\}\}", lambda found: str(values[found[1]]), text)

    def _find(self, namespace: str, path: str, count: object) -> str:
        *folders, leaf = path.split(".")
        where: Any = _texts(self.locale, namespace)
        for folder in folders:
            where = where[folder]
        if count is not None:
            plural = "one" if count == 1 and self.locale == "en" else "other"
            leaf = f"{leaf}_{plural}"
        return str(where[leaf])
