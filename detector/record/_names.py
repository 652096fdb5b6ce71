"""Names as MLflow takes them."""

import re
from hashlib import sha256

_REFUSED = re.compile(r"[^\w.\- :/]")


class Names:
    """Turns any name into one that MLflow takes, and never two names into the same one.

    MLflow takes letters of any script, digits, `_ - . :`, spaces and `/`, and no empty part between slashes. What it
    refuses becomes `_`; a name that would then be another's gets a piece of its own hash.
    """

    def __init__(self) -> None:
        self._original: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        """The name to use for `name`, always the same; at most 250 characters."""
        cleaned = _clean(name)
        if self._original.setdefault(cleaned, name) == name:
            return cleaned
        cleaned = f"{cleaned[:241]}_{sha256(name.encode()).hexdigest()[:8]}"
        self._original[cleaned] = name
        return cleaned


def _clean(name: str) -> str:
    parts = (part for part in _REFUSED.sub("_", name).split("/") if part not in ("", ".", ".."))
    return "/".join(parts)[:250].rstrip("/") or "_"
