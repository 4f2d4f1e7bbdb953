"""Batches from end to end, as the openai SDK makes them."""

import base64
import io
import threading
from pathlib import Path

import httpx2
import openai
import pytest
from PIL import Image

from pipelines.errors import ContentRejected, ModelFailure, QueueFull, WorkerLost
from server.batches import api
from server.batches.office import BatchSettings
from server.store.database import prepare
from tests.server.batches.conftest import ENDPOINT, ended, jsonl, lines, row, sdk_of, send
from tests.server.conftest import KEY, Site, serving
from tests.server.drawer import Drawer
from tests.server.pictures import opened

EDITS = "/v1/images/edits"


def test_a_batch_draws_every_row_and_says_so(sdk: openai.OpenAI) -> None:
    rows = [row(f"r{i}", f"a red fox {i}", response_format="url") for i in range(12)]
    batch = send(sdk, jsonl(rows), metadata={"sweep": "foxes"})
    assert batch.status == "validating"
    assert batch.metadata == {"sweep": "foxes"}
    batch = ended(sdk, batch)
    assert batch.status == "completed"
    assert batch.request_counts is not None
    assert batch.request_counts.model_dump() == {"completed": 12, "failed": 0, "total": 12}
    assert batch.error_file_id is None
    assert batch.in_progress_at is not None
    assert batch.finalizing_at is not None
    assert batch.completed_at is not None
    assert batch.created_at <= batch.in_progress_at <= batch.finalizing_at <= batch.completed_at
    assert batch.expires_at == batch.created_at + 24 * 3600
    answers = lines(sdk, batch.output_file_id)
    assert answers.keys() == {f"r{i}" for i in range(12)}
    for answer in answers.values():
        assert answer["id"].startswith("batch_req_")
        assert answer["error"] is None
        assert answer["response"]["status_code"] == 200
        assert answer["response"]["request_id"].startswith("req_")
        assert answer["response"]["headers"]["x-seedbed-seed"].isdecimal()
        picture = httpx2.get(answer["response"]["body"]["data"][0]["url"])
        assert opened(picture.content).size == (64, 64)


def test_the_output_is_a_file_of_its_own(sdk: openai.OpenAI) -> None:
    batch = ended(sdk, send(sdk, jsonl([row("only", "a file of its own")])))
    assert batch.output_file_id is not None
    file = sdk.files.retrieve(batch.output_file_id)
    assert file.purpose == "batch_output"
    assert file.filename == f"{batch.id}_output.jsonl"
    assert file.bytes == len(sdk.files.content(file.id).content)
    assert file.id in [listed.id for listed in sdk.files.list(purpose="batch_output")]


def test_a_row_that_is_wrong_fails_alone(sdk: openai.OpenAI) -> None:
    rows = [
        row("good", "a good row"),
        row("size", "a wrong size", size="65x1"),
        row("stream", "a stream", stream=True),
        row("model", "another model", model="no-such-model"),
    ]
    batch = ended(sdk, send(sdk, jsonl(rows)))
    assert batch.status == "completed"
    assert batch.request_counts is not None
    assert batch.request_counts.model_dump() == {"completed": 1, "failed": 3, "total": 4}
    assert lines(sdk, batch.output_file_id).keys() == {"good"}
    failed = lines(sdk, batch.error_file_id)
    assert failed.keys() == {"size", "stream", "model"}
    for name in ("size", "stream", "model"):
        assert failed[name]["response"]["status_code"] == 400
        assert failed[name]["response"]["body"]["error"]["param"] == name


def test_a_refused_prompt_is_the_rows_answer(sdk: openai.OpenAI, drawer: Drawer) -> None:
    prompt = "refused in a batch"
    drawer.script(prompt, refuse=ContentRejected("No.", "prompt", ("violence",)))
    batch = ended(sdk, send(sdk, jsonl([row("good", "allowed"), row("refused", prompt)])))
    assert lines(sdk, batch.output_file_id).keys() == {"good"}
    response = lines(sdk, batch.error_file_id)["refused"]["response"]
    assert response["status_code"] == 400
    assert response["body"]["error"]["code"] == "moderation_blocked"


def test_a_failure_of_the_model_is_the_rows_answer(sdk: openai.OpenAI, drawer: Drawer) -> None:
    drawer.script("breaks the model", fail_at={7: ModelFailure("NaN in the latents")})
    batch = ended(sdk, send(sdk, jsonl([row("broken", "breaks the model", seed=7)])))
    answer = lines(sdk, batch.error_file_id)["broken"]
    assert answer["response"]["status_code"] == 500
    assert batch.output_file_id is None


def test_base64_stands_in_the_file(sdk: openai.OpenAI) -> None:
    rows = [row("b64", "in base64", response_format="b64_json", n=2)]
    batch = ended(sdk, send(sdk, jsonl(rows)))
    items = lines(sdk, batch.output_file_id)["b64"]["response"]["body"]["data"]
    assert [opened(item["b64_json"]).size for item in items] == [(64, 64)] * 2
    assert base64.b64decode(items[0]["b64_json"]) != base64.b64decode(items[1]["b64_json"])


def test_a_row_draws_what_the_same_call_draws(sdk: openai.OpenAI) -> None:
    body = {"seed": 5, "response_format": "b64_json"}
    batch = ended(sdk, send(sdk, jsonl([row("same", "the same picture", **body)])))
    answer = lines(sdk, batch.output_file_id)["same"]
    single = sdk.images.generate(
        model="seedbed",
        prompt="the same picture",
        size="64x64",  # type: ignore[call-overload]
        response_format="b64_json",
        extra_body={"seed": 5},
    )
    assert answer["response"]["body"]["data"][0]["b64_json"] == single.data[0].b64_json


def test_edits_may_stand_in_a_batch_too(sdk: openai.OpenAI, drawer: Drawer) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(picture, "png")
    address = f"data:image/png;base64,{base64.b64encode(picture.getvalue()).decode()}"
    edit = row("edit", "the red square at night", images=[{"image_url": address}])
    batch = ended(sdk, send(sdk, jsonl([edit | {"url": EDITS}]), endpoint=EDITS))
    assert batch.endpoint == EDITS
    assert lines(sdk, batch.output_file_id).keys() == {"edit"}
    (request,) = [r for r in drawer.drawn if r.prompt == "the red square at night"]
    assert len(request.references) == 1


def test_rows_run_in_the_background_for_the_key_that_sent_them(
    neighbour: openai.OpenAI, drawer: Drawer
) -> None:
    ended(neighbour, send(neighbour, jsonl([row("later", "nobody waits for this")])))
    neighbour.images.generate(model="seedbed", prompt="somebody waits for this")
    (later,) = [r for r in drawer.drawn if r.prompt == "nobody waits for this"]
    (now,) = [r for r in drawer.drawn if r.prompt == "somebody waits for this"]
    assert later.priority_s < now.priority_s == 0
    assert later.client == now.client == "other"


def test_a_batch_may_ask_to_be_reproducible(sdk: openai.OpenAI, drawer: Drawer) -> None:
    headers = {"x-seedbed-reproducible": "true"}
    ended(sdk, send(sdk, jsonl([row("alone", "drawn alone")]), extra_headers=headers))
    (request,) = [r for r in drawer.drawn if r.prompt == "drawn alone"]
    assert request.reproducible


def test_a_full_queue_is_waited_for(sdk: openai.OpenAI, drawer: Drawer) -> None:
    full = drawer.script("meets a queue", refuse=QueueFull("full", 0.01), refusals_left=3)
    lost = drawer.script("loses a worker", refuse=WorkerLost("gone", 0.01), refusals_left=2)
    rows = [row("queue", "meets a queue"), row("worker", "loses a worker")]
    batch = ended(sdk, send(sdk, jsonl(rows)))
    assert lines(sdk, batch.output_file_id).keys() == {"queue", "worker"}
    assert full.refusals_left == lost.refusals_left == 0


def test_only_so_many_rows_are_in_the_fleet_at_once(drawer: Drawer, tmp_path: Path) -> None:
    gate = threading.Event()
    held = drawer.script("held in the fleet", gate=gate)
    prepare(tmp_path)
    begun = len(drawer.drawn)
    with serving(drawer, tmp_path, batches=BatchSettings(tmp_path, rows_at_once=3)) as site:
        sdk = sdk_of(site.url)
        batch = send(sdk, jsonl([row(f"h{i}", "held in the fleet") for i in range(9)]))
        assert held.started.wait(20)
        # An ordinary call goes through while the batch holds all its places.
        sdk.images.generate(model="seedbed", prompt="passes by", extra_body={"size": "64x64"})
        prompts = [request.prompt for request in drawer.drawn[begun:]]
        assert prompts.count("held in the fleet") <= 3
        assert prompts.count("passes by") == 1
        gate.set()
        assert ended(sdk, batch).request_counts.completed == 9  # type: ignore[union-attr]
        sdk.close()


def test_a_row_of_several_pictures_takes_several_places(drawer: Drawer, tmp_path: Path) -> None:
    gate = threading.Event()
    held = drawer.script("held in pairs", gate=gate)
    prepare(tmp_path)
    begun = len(drawer.drawn)
    with serving(drawer, tmp_path, batches=BatchSettings(tmp_path, rows_at_once=3)) as site:
        sdk = sdk_of(site.url)
        pairs = [row(f"h{i}", "held in pairs", n=2) for i in range(5)]
        many = row("more than there are places", "held in pairs", n=10)
        batch = send(sdk, jsonl([*pairs, many]))
        assert held.started.wait(20)
        sdk.images.generate(model="seedbed", prompt="passes by", extra_body={"size": "64x64"})
        prompts = [request.prompt for request in drawer.drawn[begun:]]
        assert prompts.count("held in pairs") <= 2
        gate.set()
        assert ended(sdk, batch).request_counts.completed == 6  # type: ignore[union-attr]
        sdk.close()


def test_a_short_batch_does_not_wait_for_the_end_of_a_long_one(
    drawer: Drawer, tmp_path: Path
) -> None:
    prepare(tmp_path)
    with serving(drawer, tmp_path, batches=BatchSettings(tmp_path, rows_at_once=1)) as site:
        sdk = sdk_of(site.url)
        long = send(sdk, jsonl([row(f"l{i}", f"the long one {i}") for i in range(60)]))
        short = ended(sdk, send(sdk, jsonl([row("s", "the short one")])))
        assert short.status == "completed"
        counts = sdk.batches.retrieve(long.id).request_counts
        assert counts is not None
        assert counts.completed < 60
        sdk.batches.cancel(long.id)
        sdk.close()


def test_a_cancelled_batch_stops_drawing_and_keeps_what_it_has(
    sdk: openai.OpenAI, drawer: Drawer
) -> None:
    gate = threading.Event()
    held = drawer.script("never to be finished", gate=gate)
    rows = [row("first", "drawn before"), row("held", "never to be finished")]
    batch = send(sdk, jsonl(rows))
    assert held.started.wait(20)
    while sdk.batches.retrieve(batch.id).request_counts.completed == 0:  # type: ignore[union-attr]
        pass
    assert sdk.batches.cancel(batch.id).status in ("cancelling", "cancelled")
    batch = ended(sdk, batch)
    gate.set()
    assert batch.status == "cancelled"
    assert batch.cancelled_at is not None
    assert batch.cancelling_at is not None
    assert held.cancelled.is_set()
    assert lines(sdk, batch.output_file_id).keys() == {"first"}
    with pytest.raises(openai.ConflictError, match="status 'cancelled'") as caught:
        sdk.batches.cancel(batch.id)
    assert caught.value.response.headers["x-should-retry"] == "false"


def test_a_key_has_only_so_many_batches_under_way(
    neighbour: openai.OpenAI, drawer: Drawer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "MOST_OPEN", 3)
    gate = threading.Event()
    drawer.script("held for all", gate=gate)
    batches = [send(neighbour, jsonl([row("r", "held for all")])) for _ in range(3)]
    with pytest.raises(openai.RateLimitError, match="3 batches"):
        send(neighbour, jsonl([row("r", "one too many")]))
    gate.set()
    assert {ended(neighbour, batch).status for batch in batches} == {"completed"}
    assert ended(neighbour, send(neighbour, jsonl([row("r", "again")]))).status == "completed"


def test_a_window_that_closes_ends_the_batch(drawer: Drawer, tmp_path: Path) -> None:
    """The server was away for two days: what it had is kept, the rest is named."""
    rows = [row(f"w{i}", f"a window {i}") for i in range(3)]
    gate = threading.Event()
    drawer.script("a window 2", gate=gate)
    prepare(tmp_path)
    with serving(drawer, tmp_path, batches=BatchSettings(tmp_path)) as site:
        sdk = sdk_of(site.url)
        batch = send(sdk, jsonl(rows))
        while sdk.batches.retrieve(batch.id).request_counts.completed < 2:  # type: ignore[union-attr]
            pass
        sdk.close()
    gate.set()
    later = BatchSettings(tmp_path, now=lambda: batch.created_at + 2 * 24 * 3600)
    with serving(drawer, tmp_path, batches=later) as site:
        sdk = sdk_of(site.url)
        batch = ended(sdk, batch)
        assert batch.status == "expired"
        assert batch.expired_at == batch.created_at + 2 * 24 * 3600
        assert batch.request_counts.model_dump() == {"completed": 2, "failed": 1, "total": 3}  # type: ignore[union-attr]
        assert lines(sdk, batch.output_file_id).keys() == {"w0", "w1"}
        late = lines(sdk, batch.error_file_id)["w2"]
        assert late["response"] is None
        assert late["error"]["code"] == "batch_expired"
        sdk.close()


def test_the_pictures_of_a_batch_outlive_those_of_calls(sdk: openai.OpenAI, office: Site) -> None:
    batch = ended(sdk, send(sdk, jsonl([row("kept", "kept for weeks", response_format="url")])))
    url = lines(sdk, batch.output_file_id)["kept"]["response"]["body"]["data"][0]["url"]
    expires = int(url.split("/files/")[1].split(".")[0])
    assert expires >= batch.created_at + 29 * 24 * 3600
    name = url.rpartition("/")[2]
    assert (office.data_dir / "kept-pictures" / name).is_file()


def test_a_stranger_sees_no_batch(office: Site) -> None:
    for method, path in (("GET", "/v1/batches"), ("POST", "/v1/batches"), ("GET", "/v1/files")):
        assert httpx2.request(method, office.url + path).status_code == 401
    answer = httpx2.options(office.url + ENDPOINT)
    assert "DELETE" in answer.headers["allow"]
    assert KEY not in answer.text
