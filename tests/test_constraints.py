"""constraints.txt pins everything: what is installed, and what pyproject.toml asks for."""

import re
import sysconfig
import tomllib
from importlib import metadata
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

REPOSITORY = Path(__file__).parents[1]
OUR_OWN = {"seedbed", "pip"}


def pins() -> dict[str, str]:
    lines = (REPOSITORY / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def pinned_by_torch() -> set[str]:
    """What torch's own metadata nails to one version: the CUDA packages of its CUDA build."""
    needs = [Requirement(line) for line in metadata.requires("torch") or ()]
    return {
        canonicalize_name(need.name)
        for need in needs
        if re.fullmatch(r"==[^*,]+", str(need.specifier))
    }


def test_every_installed_package_is_pinned_at_its_version() -> None:
    """Not those that setuptools has in itself, and puts on the path when it is imported."""
    pinned = pins()
    exempt = OUR_OWN | pinned_by_torch()
    installed = {
        canonicalize_name(package.name): Version(package.version).public
        for package in metadata.distributions(path=[sysconfig.get_path("purelib")])
    }
    loose = {
        name: version
        for name, version in installed.items()
        if name not in exempt and pinned.get(name) != version
    }
    assert loose == {}


def test_every_dependency_of_the_project_is_pinned() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    names = {canonicalize_name(Requirement(line).name) for line in asked}
    assert names <= set(pins())


def test_each_pin_is_one_exact_version_under_its_canonical_name_in_order() -> None:
    names = list(pins())
    assert names == sorted(names)
    assert names == [canonicalize_name(name) for name in names]
    assert all(re.fullmatch(r"\d[0-9a-z.]*", version) for version in pins().values())
