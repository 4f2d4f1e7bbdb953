"""The registry: family name -> module with a `FAMILY`. One line per family."""

from importlib import import_module

from pipelines.families.base import Family

FAMILIES = {
    "embedded": "pipelines.families.embedded",
}


def family(name: str) -> Family:
    """The family of this name, imported on first use.

    Raises: KeyError: for a name that is not registered.
    """
    loaded: Family = import_module(FAMILIES[name]).FAMILY
    return loaded
