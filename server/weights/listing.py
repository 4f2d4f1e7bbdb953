"""The commands about weights that only look: verify, status, licenses."""

from typing import Any

from pipelines.weights.errors import LicenceNotAccepted, LockBroken
from pipelines.weights.intent import read_intent
from pipelines.weights.licences import acceptance, page
from pipelines.weights.lock import Lock, LockedWeights
from pipelines.weights.own import EMBEDDED, EMBEDDED_FOLDER
from pipelines.weights.verify import Fault
from pipelines.weights.verify import verify as compare
from server.terminal import results_console
from server.weights.place import INTENT_NAME, LOCK_NAME, Place
from server.weights.showing import gigabytes, one_bar, print_json, print_table, tell


def verify(
    where: Place,
    ids: list[str] | None,
    profile: str | None,
    deep: bool,
    strict: bool,
    as_json: bool,
) -> bool:
    """Compare what is here with the lock; true when something is wrong."""
    named = None
    if ids != [EMBEDDED.id]:
        named = where.chosen([name for name in ids or () if name != EMBEDDED.id], profile, False)
    entries = named
    if entries is None:
        lock = Lock("", ()) if ids else where.lock()
        entries = tuple(e for e in lock.weights if e.locked and where.store.folder(e).is_dir())
    reports = [_report(where, entry, deep) for entry in entries]
    if named is None or EMBEDDED.id in (ids or ()):
        reports.append(_embedded_report())
    general = _general_faults(where) if strict else []
    failed = bool(general) or any(report["faults"] for report in reports)
    if as_json:
        print_json({"ok": not failed, "weights": reports, "faults": general})
        return failed
    for report in reports:
        word = "faulty" if report["faults"] else "ok"
        results_console().print(f"{report['id']}  {report['revision'][:12]}  {word}", markup=False)
        for line in report["faults"]:
            results_console().print(f"  {line}", markup=False)
    for line in general:
        results_console().print(line, markup=False)
    return failed


def _report(where: Place, entry: LockedWeights, deep: bool) -> dict[str, Any]:
    entry.require_locked()
    folder = where.store.folder(entry)
    if not folder.is_dir():
        return _as_report(entry, [Fault("", "not installed")])
    with one_bar(entry.id, entry.size) as advance:
        return _as_report(entry, compare(entry, folder, where.store.marks(), deep, advance))


def _embedded_report() -> dict[str, Any]:
    return _as_report(EMBEDDED, compare(EMBEDDED, EMBEDDED_FOLDER))


def _as_report(entry: LockedWeights, faults: list[Fault]) -> dict[str, Any]:
    return {
        "id": entry.id,
        "revision": entry.revision or "",
        "faults": [str(fault).strip() for fault in faults],
    }


def _general_faults(where: Place) -> list[str]:
    """What is here and not in the lock, and a lock that is older than its intent."""
    lock, store = where.lock(), where.store
    used = {(entry.id, entry.revision) for entry in lock.weights}
    here = [(name, revision) for name in store.ids() for revision in store.revisions(name)]
    lines = [f"{i} {r} is here, but not in {LOCK_NAME}" for i, r in here if (i, r) not in used]
    if _drifted(where, lock):
        lines.append(f"{INTENT_NAME} has changed since {LOCK_NAME} was written")
    return lines


def _drifted(where: Place, lock: Lock) -> bool:
    intent = where.intent_file
    return intent.is_file() and read_intent(intent).sha256 != lock.intent_sha256


def status(where: Place, as_json: bool) -> None:
    """List what the lock has and what of it is here."""
    lock = where.lock()
    rows = [_status(where, entry) for entry in lock.weights]
    drifted = _drifted(where, lock)
    if as_json:
        print_json({"lock": str(where.lock_file), "drifted": drifted, "weights": rows})
        return
    print_table(
        ("id", "state", "size", "profiles", "licence", "revision"),
        [
            (
                row["id"],
                row["state"],
                gigabytes(row["size"]) if row["size"] else "-",
                " ".join(row["profiles"]) or "-",
                row["licence"],
                (row["revision"] or "-")[:12],
            )
            for row in rows
        ],
    )
    if drifted:
        tell(f"{INTENT_NAME} has changed since; `seedbed weights lock` brings the lock up to it")


def _status(where: Place, entry: LockedWeights) -> dict[str, Any]:
    store = where.store
    begun = store.staged_bytes(entry)
    if not entry.locked:
        state = "unlocked"
    elif store.installed(entry):
        state = "installed"
    elif begun:
        state = f"begun ({100 * begun // max(entry.size, 1)} %)"
    else:
        state = "other revision" if store.revisions(entry.id) else "missing"
    return {
        "id": entry.id,
        "repo": entry.repo,
        "revision": entry.revision,
        "state": state,
        "size": entry.size,
        "profiles": list(entry.profiles),
        "licence": entry.licence,
        "commercial_use": entry.commercial_use,
        "gated": entry.gated,
        "unlocked": entry.unlocked,
        "folder": str(store.folder(entry)) if state == "installed" else None,
    }


def licenses(where: Place, ids: list[str] | None, as_json: bool) -> None:
    """List licences; with ids, print the texts that came with the weights."""
    lock = where.lock()
    entries = [lock.get(name) for name in ids or ()]
    if ids and not as_json:
        for entry in entries:
            results_console().print(_text(where, entry), markup=False)
        return
    records = where.store.records()
    rows = [
        {
            "id": entry.id,
            "licence": entry.licence,
            "commercial_use": entry.commercial_use,
            "gated": entry.gated,
            "acceptance": _accepted(entry, where.accepted),
            "installed": dict(records.get(entry.id, {})) or None,
            "page": page(entry),
        }
        for entry in (entries or lock.weights)
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        ("id", "licence", "commercial", "gated", "acceptance"),
        [
            (
                str(row["id"]),
                str(row["licence"]),
                "yes" if row["commercial_use"] else "no",
                "yes" if row["gated"] else "no",
                str(row["acceptance"]),
            )
            for row in rows
        ],
    )


def _accepted(entry: LockedWeights, accepted: frozenset[str]) -> str:
    try:
        return acceptance(entry, accepted)
    except LicenceNotAccepted:
        return "needed"


def _text(where: Place, entry: LockedWeights) -> str:
    if entry.licence_file is None:
        return f"{entry.id}: {entry.licence}; the lock names no file with its text ({page(entry)})"
    if not where.store.installed(entry):
        raise LockBroken(
            f"{entry.id} is not installed; its licence is {entry.licence} ({page(entry)})"
        )
    return (where.store.folder(entry) / entry.licence_file).read_text(errors="replace")
