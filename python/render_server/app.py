"""The HTTP routes: parse, ask the runner, answer. Wire details only."""

from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from .bodies import BadRequestError, parse_body, parse_id
from .protocol import Problem
from .render import Render
from .runner import RefusedError, Runner

KEEP_ALIVE_SECONDS = 3
LONGEST_BODY_BYTES = 64 * 1024

Endpoint = Callable[[Request], Awaitable[Response]]


def create_app(runner: Runner, inputs: Path) -> Starlette:
    async def health(_: Request) -> Response:
        return to_response(runner.health)

    async def put(request: Request) -> Response:
        render_id = parse_id(request.path_params["id"])
        body = parse_body(await read_body(request))
        image = inputs / body.image
        if image.is_symlink() or not image.is_file():
            raise BadRequestError(f"Expected `image` to be a file in the inputs folder, got {body.image}.")
        is_new = runner.put(render_id, body)
        return to_response(runner.health, HTTPStatus.CREATED if is_new else HTTPStatus.OK)

    async def events(request: Request) -> Response:
        render = runner.find(request.path_params["id"])
        start = first_event_wanted(request.headers.get("last-event-id"), render)

        async def stream() -> AsyncIterator[bytes]:
            with runner.contact():
                async for item in render.follow(start, KEEP_ALIVE_SECONDS):
                    if item is None:
                        yield b": keep-alive\n\n"
                    else:
                        number, event = item
                        yield b"id: %d\ndata: %b\n\n" % (number, msgspec.json.encode(event))

        return StreamingResponse(stream(), media_type="text/event-stream", headers={"cache-control": "no-store"})

    async def cancel(request: Request) -> Response:
        return to_response(await runner.cancel(request.path_params["id"]))

    def counted(endpoint: Endpoint) -> Endpoint:
        async def count(request: Request) -> Response:
            with runner.contact():
                return await endpoint(request)

        return count

    return Starlette(
        routes=[
            Route("/health", counted(health), methods=["GET"]),
            Route("/renders/{id}", counted(put), methods=["PUT"]),
            Route("/renders/{id}", counted(cancel), methods=["DELETE"]),
            Route("/renders/{id}/events", counted(events), methods=["GET"]),
        ],
        exception_handlers={
            RefusedError: answer_refusal,
            BadRequestError: answer_bad_request,
            HTTPException: answer_http_exception,
            Exception: answer_bug,
        },
    )


def first_event_wanted(last_event_id: str | None, render: Render) -> int:
    """The event after the last one seen; or all, if that number is from an earlier life of this render."""
    if last_event_id and last_event_id.isascii() and last_event_id.isdigit():
        following = int(last_event_id[:9]) + 1
        if following <= len(render.events):
            return following
    return 0


async def read_body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY_BYTES:
            raise BadRequestError(f"Expected a body of at most {LONGEST_BODY_BYTES} bytes, got more.")
    return body


def to_response(message: Any, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(msgspec.json.encode(message), status_code=status, media_type="application/json")


async def answer_refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return to_response(Problem(code=error.code, message=str(error)), error.status)


async def answer_bad_request(_: Request, error: Exception) -> Response:
    return to_response(Problem(code="bad_request", message=str(error)), HTTPStatus.UNPROCESSABLE_ENTITY)


async def answer_http_exception(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = HTTPStatus(error.status_code).name.lower()
    return to_response(Problem(code=code, message=f"{error.detail}."), HTTPStatus(error.status_code))


async def answer_bug(_: Request, error: Exception) -> Response:
    """The server logs it with its stack; whoever asked gets the same form as always."""
    problem = Problem(code="internal_error", message=f"The render server has a bug: {type(error).__name__}.")
    return to_response(problem, HTTPStatus.INTERNAL_SERVER_ERROR)
