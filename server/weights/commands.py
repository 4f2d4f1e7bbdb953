"""What is behind `seedbed weights ...`: from the settings to the work; faults in one line."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import typer
from huggingface_hub import constants

from pipelines.weights.errors import LockBroken, SourceFailed, WeightsError
from pipelines.weights.fetch import Plan, SourcesOf, fetch, plan
from pipelines.weights.folder import FolderSource
from pipelines.weights.intent import read_intent
from pipelines.weights.licences import acceptance, page
from pipelines.weights.lock import Lock, LockedWeights, parse_lock, render_lock
from pipelines.weights.pack import cargo, contents_of, fingerprint, pack
from pipelines.weights.receive import Source
from pipelines.weights.store import write_whole
from pipelines.weights.unpack import (
    Archive,
    install,
    open_archive,
    require_agreement,
    require_nothing_lost,
)
from server.settings import Settings
from server.terminal import CommandError, errors_console, results_console
from server.weights.hub import Hub, describes
from server.weights.listing import licenses, status, verify
from server.weights.place import Place, place
from server.weights.showing import Bars, gigabytes, one_bar, tell
from server.weights.sources import MirrorSource, hub_and_mirrors


def run(command: str, settings: Settings, said: Mapping[str, Any]) -> None:
    """Run one command.

    Raises: CommandError: what is wrong, in words for whoever typed it.
    """
    where = place(settings.data_dir, settings.weights_lock, settings.accept_licences)
    try:
        failed = _COMMANDS[command](where, **said)
    except WeightsError as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        where_at = f"{error.filename}: " if error.filename else ""
        raise CommandError(f"{where_at}{error.strerror or error}") from error
    if failed:
        raise typer.Exit(1)


def _lock(where: Place, ids: list[str] | None, upgrade: list[str] | None) -> None:
    intent = read_intent(where.intent_file)
    old = _lock_before(where)
    before = {entry.id: entry for entry in old.weights}
    for name in (*(ids or ()), *(upgrade or ())):
        intent.get(name)
    hub = Hub()
    entries, settled = [], True
    for wanted in intent.weights:
        known, newest = before.get(wanted.id), wanted.id in (upgrade or ())
        left_alone = bool(ids or upgrade) and wanted.id not in (ids or ()) and not newest
        kept = known is not None and known.locked and describes(known, wanted) and not newest
        if known is not None and (left_alone or kept):
            entries.append(known)
            settled = settled and describes(known, wanted)
        elif left_alone:
            raise LockBroken(f"{wanted.id} is not locked yet; lock it too: add it to the ids")
        else:
            tell(f"resolving {wanted.id}: {wanted.repo} at {wanted.revision}")
            entries.append(hub.resolve(wanted, known, newest))
            _tell_licence(entries[-1])
    if not where.own_intent_file.is_file():
        write_whole(where.own_intent_file, where.intent_file.read_text("utf-8"))
    sha256 = intent.sha256 if settled else old.intent_sha256
    write_whole(where.own_lock_file, render_lock(Lock(sha256, tuple(entries))))
    loose = [entry.id for entry in entries if not entry.locked]
    tell(
        f"wrote {where.own_lock_file}" + (f"; still unlocked: {', '.join(loose)}" if loose else "")
    )


def _lock_before(where: Place) -> Lock:
    return where.lock() if where.lock_file.is_file() else Lock("0" * 64, ())


def _fetch(
    where: Place,
    ids: list[str] | None,
    profile: str | None,
    everything: bool,
    origin: str | None,
    offline: bool,
    jobs: int,
) -> None:
    entries = where.chosen(ids, profile, everything)
    if entries is None:
        names = ", ".join(entry.id for entry in where.lock().weights)
        raise LockBroken(f"say which weights: ids ({names}), --profile NAME or --all")
    sources = _sources(origin, offline)
    _warn_of_drift(where)
    with where.store.exclusive():
        plans = plan(where.store, where.lock(), entries, where.accepted)
        _tell_plans(plans, sources)
        bars = Bars(errors_console(), plans)
        with bars.shown():
            fetch(where.store, plans, sources, bars, jobs)
    for one in plans:
        results_console().print(str(where.store.folder(one.entry)), markup=False)


def _sources(origin: str | None, offline: bool) -> SourcesOf:
    """The hub and the lock's mirrors, unless somebody said where from."""
    if origin is None and not offline:
        return hub_and_mirrors
    source = _source(origin, offline)
    return lambda entry: (source,)


def _source(origin: str | None, offline: bool) -> Source:
    address = origin is not None and origin.startswith(("http://", "https://"))
    if offline and address:
        raise SourceFailed(f"--offline uses no network, and {origin} is an address")
    if origin is not None and not address:
        folder = Path(origin).expanduser()
        if not folder.is_dir():
            raise SourceFailed(f"{folder} is no folder")
        return FolderSource(folder)
    if origin is not None:
        return MirrorSource(origin)
    return FolderSource(Path(constants.HF_HUB_CACHE))


def _tell_plans(plans: list[Plan], sources: SourcesOf) -> None:
    for one in plans:
        if one.installed:
            tell(f"{one.entry.id}: installed already")
            continue
        linked = sum(file.bytes for file, _ in one.linked)
        shared = f", {gigabytes(linked)} shared with weights that are here" if linked else ""
        begun = one.missing_bytes - one.needed_bytes
        resumed = f", {gigabytes(begun)} came before" if begun else ""
        first = sources(one.entry)[0].name
        tell(f"{one.entry.id}: {gigabytes(one.missing_bytes)} from {first}{shared}{resumed}")
        _tell_licence(one.entry)


def _tell_licence(entry: LockedWeights) -> None:
    use = "" if entry.commercial_use else ", no commercial use"
    tell(f"  licence {entry.licence}{use}{', gated' if entry.gated else ''}: {page(entry)}")


def _warn_of_drift(where: Place) -> None:
    intent = where.intent_file
    if intent.is_file() and read_intent(intent).sha256 != where.lock().intent_sha256:
        tell(f"warning: {intent} has changed since; `seedbed weights lock` brings the lock up")


def _pack(
    where: Place, out: Path, ids: list[str] | None, profile: str | None, wheels: Path | None
) -> None:
    entries = where.chosen(ids, profile, everything=False)
    if entries is None:
        entries = tuple(e for e in where.lock().weights if where.store.installed(e))
        if not entries:
            raise LockBroken("nothing is installed that could be packed")
    _warn_of_drift(where)
    if not out.parent.is_dir():
        raise LockBroken(f"{out.parent} is no folder")
    with where.store.exclusive():
        goods = cargo(where.store, where.lock_file, where.intent_file, entries, wheels)
        everything = (contents_of(goods), *goods)
        with one_bar(out.name, sum(one.member.size for one in everything)) as advance:
            size = pack(goods, out, advance)
    tell(f"packed {', '.join(entry.id for entry in entries)}: {gigabytes(size)}")
    results_console().print(f"{out}\nfingerprint {fingerprint(goods)}", markup=False)


def _import(where: Place, archive: Path, vouched: str | None, wheels: Path | None) -> None:
    found = open_archive(archive)
    site = where.lock() if where.lock_file.is_file() else None
    adopt = require_agreement(found, site, vouched)
    if wheels is not None and vouched is None:
        raise LockBroken(
            "wheels are code, and no lock lists them: say --fingerprint with the number that "
            "`seedbed weights pack` printed"
        )
    if adopt and site is not None:
        require_nothing_lost(found, site, where.store)
    accepted = {entry.id: acceptance(entry, where.accepted) for entry in found.entries}
    for entry in found.entries:
        tell(f"{entry.id}: {gigabytes(entry.size)}")
        _tell_licence(entry)
    if found.wheels and wheels is None:
        tell(f"{len(found.wheels)} wheels stay in the archive; --wheels FOLDER takes them out")
    with where.store.exclusive():
        with one_bar(archive.name, sum(member.size for member in found.members)) as advance:
            install(found, where.store, accepted, wheels, advance)
        if adopt:
            _adopt(where, found)
    for entry in found.entries:
        results_console().print(str(where.store.folder(entry)), markup=False)


def _adopt(where: Place, archive: Archive) -> None:
    """Let the archive's lock, which a person vouched for, take the place of this site's."""
    if archive.intent_text is not None:
        write_whole(where.own_intent_file, archive.intent_text.decode())
    text = archive.lock_text.decode()
    parse_lock(text)
    write_whole(where.own_lock_file, text)
    tell(f"wrote {where.own_lock_file} as it came with {archive.file.name}")


def _rm(where: Place, ids: list[str] | None, unused: bool) -> None:
    store = where.store
    here = store.removable()
    if not ids and not unused:
        raise LockBroken(f"say which weights: {', '.join(here) or 'none are here'}, or --unused")
    for name in ids or ():
        if name not in here:
            raise LockBroken(f"{name!r} is not here; here are: {', '.join(here) or 'none'}")
    doomed = {(name, revision) for name in ids or () for revision in here[name]}
    if unused:
        used = {(entry.id, entry.revision) for entry in where.lock().weights}
        everything = {(name, revision) for name, all_of in here.items() for revision in all_of}
        doomed |= everything - used
    with store.exclusive():
        for name, revision in sorted(doomed):
            tell(f"{name} {revision}: {gigabytes(store.remove(name, revision))} freed")
    if not doomed:
        tell("nothing to remove")


_COMMANDS: Mapping[str, Callable[..., bool | None]] = {
    "lock": _lock,
    "fetch": _fetch,
    "verify": verify,
    "pack": _pack,
    "import": _import,
    "rm": _rm,
    "status": status,
    "licenses": licenses,
}
