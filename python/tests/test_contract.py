"""Python's messages against the recorded examples that TypeScript's are held to as well."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from conftest import CONTRACT_FOLDER, PYTHON_FOLDER

from render_server.app import create_app
from render_server.bodies import BadRequestError, parse_body
from render_server.engines import find_engine
from render_server.protocol import AnyEvent, CancelAnswer, Event, Freed, Health, Problem, RenderBody, State
from render_server.runner import Runner

CONTRACT = json.loads((CONTRACT_FOLDER / "render-server.json").read_text())


@pytest.mark.parametrize(
    ("name", "kind"),
    [("health", Health), ("renderBodies", RenderBody), ("events", AnyEvent), ("cancels", CancelAnswer)],
)
def test_every_example_is_read_and_written_as_it_is(name: str, kind: Any) -> None:
    for example in CONTRACT[name]:
        message = msgspec.json.decode(json.dumps(example), type=kind)
        assert json.loads(msgspec.json.encode(message)) == example


def test_every_refusal_is_written_as_it_is() -> None:
    for example in CONTRACT["refusals"]:
        body = msgspec.convert(example["body"], Problem)
        assert json.loads(msgspec.json.encode(body)) == example["body"]


def test_the_examples_cover_every_state_stage_and_answer() -> None:
    assert {example["state"] for example in CONTRACT["health"]} == set(State)
    assert {example["freed"] for example in CONTRACT["cancels"]} == set(Freed)
    stages = {kind.__struct_config__.tag for kind in Event.__subclasses__()}
    assert {example["stage"] for example in CONTRACT["events"]} == stages


def codes_in(source: Path) -> Iterator[str]:
    """Every code that a file gives to a refusal, a failure or a problem in health."""
    for call in ast.walk(ast.parse(source.read_text())):
        if not isinstance(call, ast.Call):
            continue
        given = [keyword.value for keyword in call.keywords if keyword.arg == "code"]
        match call:
            case ast.Call(func=ast.Name("RenderFailedError"), args=[code, *_]):
                given.append(code)
            case ast.Call(func=ast.Name("RefusedError"), args=[_, code, *_]):
                given.append(code)
        yield from (str(code.value) for code in given if isinstance(code, ast.Constant))


def test_the_examples_cover_every_code_and_no_other() -> None:
    problems = [example["lastError"] for example in CONTRACT["health"] if example["lastError"]]
    failures = [example for example in CONTRACT["events"] if example["stage"] == "failed"]
    refusals = [example["body"] for example in CONTRACT["refusals"]]
    recorded = {example["code"] for example in problems + failures + refusals}
    said = {code for source in (PYTHON_FOLDER / "render_server").rglob("*.py") for code in codes_in(source)}
    # Starlette's router has words of its own.
    assert recorded == said | {"not_found", "method_not_allowed"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/renders/web-8d3c", CONTRACT["renderBodies"][0]),
        ("PUT", "/renders/web-8d3c", CONTRACT["renderBodies"][0] | {"width": 833}),
        ("GET", "/renders/web-8d3c/events", None),
        ("DELETE", "/renders/web-8d3c", None),
        ("GET", "/no/such/place", None),
        ("POST", "/health", None),
        ("PUT", "/renders/web-8d3c", "breaks"),
    ],
)
async def test_the_refusals_of_a_server_that_loads_are_those_in_the_contract(
    method: str, path: str, body: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / CONTRACT["renderBodies"][0]["image"]).touch()
    runner = Runner(find_engine("preview"), tmp_path, tmp_path)
    if body == "breaks":
        body = CONTRACT["renderBodies"][0]
        monkeypatch.setattr(runner, "put", lambda render_id, _: {}[render_id])
    transport = httpx.ASGITransport(create_app(runner, tmp_path), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://render") as client:
        answer = await client.request(method, path, json=body)
    assert {"status": answer.status_code, "body": answer.json()} in CONTRACT["refusals"]


def test_good_bodies_are_taken() -> None:
    for example in CONTRACT["renderBodies"]:
        assert json.loads(msgspec.json.encode(parse_body(json.dumps(example).encode()))) == example


def test_refused_bodies_are_refused_with_one_sentence_that_names_the_value() -> None:
    for example in CONTRACT["refusedBodies"]:
        with pytest.raises(BadRequestError, match=r"^Expected `\w+` .*, got .*\.$"):
            parse_body(json.dumps(example["body"]).encode())


def test_the_sentence_in_the_contract_is_the_one_that_is_said() -> None:
    wrong = CONTRACT["renderBodies"][0] | {"width": 833}
    (said,) = [refusal["body"]["message"] for refusal in CONTRACT["refusals"] if refusal["status"] == 422]
    with pytest.raises(BadRequestError) as error:
        parse_body(json.dumps(wrong).encode())
    assert str(error.value) == said


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", "x" * 1001),
        ("prompt", None),
        ("negative", 1),
        ("width", True),
        ("width", 0),
        ("width", -32),
        ("width", 64.0),
        ("height", "64"),
        ("height", 2**40),
        ("frames", 1),
        ("frames", 125),
        ("seed", -1),
        ("seed", 2**32),
        ("seed", "1"),
    ],
)
def test_values_out_of_range_are_refused(field: str, value: object) -> None:
    body = CONTRACT["renderBodies"][0] | {field: value}
    with pytest.raises(BadRequestError, match=field):
        parse_body(json.dumps(body).encode())
