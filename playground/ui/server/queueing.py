"""Hands an event to Gradio's queue as it was parsed: Gradio's own route would parse it again, on the event loop."""

from typing import Any

import gradio as gr
from fastapi import FastAPI, Request
from gradio.data_classes import PredictBody, PredictBodyInternal
from gradio.routes import App
from pydantic import ValidationError
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from playground.ui.server.routes import QUEUE_PATH

SENT = "playground.sent"
"""Key of a request's scope: the value of its body."""
_STATUSES = {"success": 200, "queue_full": 503, "validator_error": 422, "error": 400}


def take_over_queue(parent: FastAPI, demo: gr.Blocks) -> None:
    """Puts our route before Gradio's own, in its app that `parent` holds."""
    apps = [route.app for route in parent.routes if isinstance(route, Mount)]
    app = next(one for one in apps if isinstance(one, App))

    async def join(request: Request) -> JSONResponse:
        return await _join(app, demo, request)

    app.router.routes.insert(0, Route(QUEUE_PATH, join, methods=["POST"]))


async def _join(app: App, demo: gr.Blocks, request: Request) -> JSONResponse:
    """As Gradio's own `queue_join`."""
    queue, sent = demo._queue, request.scope[SENT]
    if queue.server_app is None:
        queue.set_server_app(app)
    if queue.stopped:
        return _refused(503, "Queue is stopped.")
    try:
        body = PredictBody.model_validate(sent)
    except ValidationError as error:
        return _refused(422, error.errors(include_url=False, include_context=False, include_input=False))
    if body.session_hash is None:
        return _refused(400, "Session hash not found.")
    inner = PredictBodyInternal(**dict(body), request=request)
    is_taken, event, state = await queue.push(body=inner, request=request, username=None)
    return JSONResponse({"event_id": event}) if is_taken else _refused(_STATUSES[state], event)


def _refused(status: int, detail: Any) -> JSONResponse:
    return JSONResponse({"detail": detail}, status)
