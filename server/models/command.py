"""What is behind `seedbed models`: the list, one model in full, and what a running server holds."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import httpx2

from pipelines.catalog import EMBEDDED, Catalog
from pipelines.tiers import OPEN_WEIGHTS, TIERS
from server.assembly import default_catalog, weights_place
from server.contract.named_models import known_models
from server.models.beside import PURPOSES, networks_beside
from server.models.catalogue import installed_weights
from server.models.description import here, name_entry, stand_in_entry, tiers_of, weights_entry
from server.nearest import hint
from server.settings import Settings
from server.store.api_keys import senders_key
from server.terminal import CommandError, errors_console, results_console
from server.weights.showing import gigabytes, print_json, print_table

PATH = "/seedbed/v1/models"
_ASK_S = 10.0


def run(command: str, settings: Settings, said: Mapping[str, Any]) -> None:
    """Run one command. Raises: CommandError."""
    match command:
        case "list":
            _list(settings, **said)
        case "show":
            _show(settings, **said)
        case "ps":
            _ps(settings, **said)


def _list(settings: Settings, as_json: bool) -> None:
    catalog = _catalog(settings)
    models: list[dict[str, Any]] = [
        {"name": name, "pictures_in": named.pictures.most, "here": here(catalog, name)}
        | ({} if name in catalog.contracts else {"tiers": tiers_of(named.line)})
        for name, named in known_models(catalog.contracts).items()
    ]
    fetched = installed_weights(weights_place(settings))
    stand_ins = [_short_entry(name, name in fetched) for name in OPEN_WEIGHTS]
    beside = networks_beside(weights_place(settings))
    if as_json:
        print_json(
            {"tier": catalog.tier, "models": models, "stand_ins": stand_ins, "beside": beside}
        )
        return
    print_table(("model", *TIERS[1:], f"here ({catalog.tier})"), list(_rows(models)))
    results_console().print("")
    print_table(
        ("weights", "licence", "commercial", "gated", "fetched"),
        [
            (
                one["name"],
                one["licence"],
                *(_yes(one[key]) for key in ("commercial", "gated", "fetched")),
            )
            for one in stand_ins
        ],
    )
    results_console().print("")
    print_table(
        ("beside them", "purpose", "setting", "licence", "fetched"),
        [
            (*(one[key] for key in ("name", "purpose", "setting", "licence")), _yes(one["fetched"]))
            for one in beside
        ],
    )


def _show(settings: Settings, name: str, as_json: bool) -> None:
    catalog = _catalog(settings)
    models = known_models(catalog.contracts)
    own = {one.name: one for one in catalog.stand_ins}
    if name in models:
        entry = name_entry(catalog, models[name])
        if name in own:
            entry["stand_in"] = stand_in_entry(own[name])
    elif name in own:
        entry = stand_in_entry(own[name])
    elif name in (*OPEN_WEIGHTS, EMBEDDED.name):
        entry = weights_entry(name) | {
            "fetched": name in installed_weights(weights_place(settings))
        }
    elif beside := [one for one in networks_beside(weights_place(settings)) if one["name"] == name]:
        (entry,) = beside
    else:
        right = [*models, *own, *OPEN_WEIGHTS, *PURPOSES]
        raise CommandError(f"there is no model {name[:80]}{hint(name, right)}")
    if as_json:
        print_json(entry)
        return
    for key, value in entry.items():
        shown = value if isinstance(value, str) else json.dumps(value)
        results_console().print(f"{key:<16}{shown}", markup=False)


def _ps(settings: Settings, as_json: bool, server: str | None, api_key: str | None) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = (server or f"http://{host}:{settings.port}").rstrip("/")
    key = api_key or senders_key(settings)
    if key is None:
        raise CommandError(f"{address} needs a key: say --api-key")
    try:
        answer = httpx2.get(
            address + PATH, headers={"authorization": f"Bearer {key}"}, timeout=_ASK_S
        )
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise CommandError(f"no server answers at {address}: {error}") from error
    if not answer.is_success:
        raise CommandError(f"{address} answered with status {answer.status_code}")
    workers = _workers(answer, address)
    if as_json:
        print_json({"workers": workers})
        return
    print_table(
        ("worker", "device", "model", "state", "weights", "loading"),
        [
            (
                str(worker["number"]),
                worker["device"] or worker["reason"],
                model["model"],
                model["state"],
                gigabytes(model["size_bytes"]) if model["size_bytes"] else "-",
                _loading(model),
            )
            for worker in workers
            for model in [*worker["models"], *_beside(worker)]
        ],
    )


def _workers(answer: httpx2.Response, address: str) -> list[dict[str, Any]]:
    try:
        workers: list[dict[str, Any]] = answer.json()["workers"]
    except (ValueError, LookupError, TypeError) as error:
        raise CommandError(
            f"{address} is not a seedbed server, or an older one: it lists no workers"
        ) from error
    return workers


def _beside(worker: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The networks beside a worker's models, as rows like theirs; older servers name none."""
    state = "resident" if worker["ready"] else "loading"
    for name in worker.get("beside", ()):
        yield {"model": name, "state": state, "size_bytes": 0, "done_bytes": 0, "load_s": None}


def _catalog(settings: Settings) -> Catalog:
    """This machine's catalogue; where a tier cannot start, that of the embedded one."""
    try:
        return default_catalog(settings)
    except CommandError as fault:
        errors_console().print(f"this machine cannot serve: {fault}", markup=False)
        return default_catalog(settings.model_copy(update={"tier": "embedded"}))


def _short_entry(name: str, fetched: bool) -> dict[str, Any]:
    known = OPEN_WEIGHTS[name]
    return {
        "name": name,
        "title": known.title,
        "family": known.family,
        "licence": known.licence,
        "commercial": known.commercial,
        "gated": known.gated,
        "fetched": fetched,
    }


def _rows(models: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    """Names that are answered alike stand under each other; the first says by whom."""
    for answers, group in groupby(models, key=_answers):
        drawn_here, tiers, edits = answers
        columns = [*(tiers.get(tier) for tier in TIERS[1:]), drawn_here]
        first, *others = (one["name"] for one in group)
        yield (first, *(_drawn(column, "generate") for column in columns))
        if edits and any(column and column["edit"] != column["generate"] for column in columns):
            yield ("  from pictures", *(_drawn(column, "edit") for column in columns))
        yield from ((name, *(['"'] * len(columns))) for name in others)


def _answers(one: Mapping[str, Any]) -> tuple[Any, Any, bool]:
    return one["here"], one.get("tiers", {}), one["pictures_in"] > 0


def _drawn(tasks: Mapping[str, list[str]] | None, task: str) -> str:
    return "-" if tasks is None else " ".join(tasks[task])


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _loading(model: Mapping[str, Any]) -> str:
    if model["load_s"] is None:
        return "-"
    done = f"{gigabytes(model['done_bytes'])} done, " if model["done_bytes"] else ""
    return f"{done}{model['load_s']:.0f} s"
