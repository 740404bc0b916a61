# Checks the identity that Gatehouse signs for each request. Python 3.9 or later; pip install "pyjwt[crypto]>=2.15".
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt

AUDIENCE = os.environ["AUDIENCE"]
ISSUER = os.environ.get("ISSUER") or "gatehouse"
# Cloudflare's Browser Integrity Check may deny the name that urllib has by itself.
KEYS = jwt.PyJWKClient(
    os.environ["GATEHOUSE_URL"] + "/.well-known/gatehouse/jwks.json",
    headers={"User-Agent": "upstream"}, lifespan=300, cooldown_duration=10, timeout=3,
)
if not AUDIENCE:
    raise SystemExit("AUDIENCE must be set")


def identify(tokens, method, path):
    """The claims of the caller. Raises unless Gatehouse has signed them for exactly this request.

    tokens: the values of all Gatehouse-Identity headers; path: as it arrived, not decoded, without the query.
    """
    (token,) = tokens
    header = jwt.get_unverified_header(token)
    if header["typ"] != "gatehouse-identity+jwt":
        raise jwt.InvalidTokenError("another type")
    claims = jwt.decode(
        token, KEYS.get_signing_key(header["kid"]), algorithms=["EdDSA"], issuer=ISSUER, audience=AUDIENCE, leeway=5,
        options={"require": ["iat", "exp", "iss", "aud", "sub", "acc", "role"]},
    )
    if (claims["method"], claims["path"]) != (method, path):
        raise jwt.InvalidTokenError("signed for another request")
    return claims


class Handler(BaseHTTPRequestHandler):
    def answer(self):
        try:
            tokens = self.headers.get_all("Gatehouse-Identity", [])
            caller = identify(tokens, self.command, self.path.split("?", 1)[0])
        except Exception:
            self.send_response(401)
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write("{sub} {acc} {role}\n".format_map(caller).encode())

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
