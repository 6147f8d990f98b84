"""Where the shipped macros, configs and models are: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent


def shipped(kind: str) -> Path:
    """Return the folder of what the package ships.

    Parameters
    ----------
    kind
        ``macros``, ``configs`` or ``models``.
    """
    checkout = _PACKAGE.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / kind).is_dir():
        return checkout / kind
    return _PACKAGE / kind


def cache_dir() -> Path:
    """Return the folder for generated samples: ``RDFPLUGINS_CACHE``, or the user's cache folder of the system."""
    override = os.environ.get("RDFPLUGINS_CACHE")
    return Path(override).expanduser() if override else Path(platformdirs.user_cache_dir("rdfplugins"))
