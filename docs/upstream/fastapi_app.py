# The same check before every request to a FastAPI application, WebSockets included. pip install fastapi uvicorn.
import asyncio
import os

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

from verify import identify


class Gatehouse:
    """ASGI middleware: puts the claims of the caller into request.state.caller, or answers 401."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        try:
            tokens = [value.decode("latin-1") for name, value in scope["headers"] if name == b"gatehouse-identity"]
            # A WebSocket begins with a GET. scope["path"] is decoded. In a thread: the keys may have to be fetched.
            method, path = scope.get("method", "GET"), scope["raw_path"].decode("latin-1")
            caller = await asyncio.to_thread(identify, tokens, method, path)
        except Exception:
            if scope["type"] == "websocket":
                return await send({"type": "websocket.close"})
            return await PlainTextResponse(status_code=401)(scope, receive, send)
        scope.setdefault("state", {})["caller"] = caller
        return await self.app(scope, receive, send)


app = FastAPI()
# The middleware that is added last sees a request first.
app.add_middleware(Gatehouse)


@app.api_route("/{path:path}", methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
def answer(request: Request):
    return PlainTextResponse("{sub} {acc} {role}\n".format_map(request.state.caller))


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]))
