"""Python's messages against the recorded examples that TypeScript's are held to as well."""

import json
from typing import Any

import msgspec
import pytest
from conftest import CONTRACT_FOLDER

from render_server.bodies import BadRequestError, parse_body
from render_server.protocol import AnyEvent, CancelAnswer, Event, Freed, Health, Problem, RenderBody, State

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
