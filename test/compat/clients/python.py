# Python's requests and httpx. Usage: python.py requests|httpx BASE TOKEN, steps on standard input.
import base64, hashlib, json, sys, time

kind, base, token = sys.argv[1:]
PART = b"0123456789abcdef" * 1024


def content(step):
    """The bytes of an upload, part by part; raises after `breakAfter` of them."""
    size = step["size"]
    until = step.get("breakAfter", size)
    for sent in range(0, until, len(PART)):
        yield PART[: size - sent]
    if until < size:
        time.sleep(0.1)
        raise RuntimeError("broken off")


def body_of(step, headers):
    if "size" not in step:
        return step.get("text", "").encode() or None
    if "chunked" in step:
        return content(step)
    if "breakAfter" not in step:
        return b"".join(content(step))
    if kind == "httpx":
        headers["content-length"] = str(step["size"])
    return content(step)


def via_requests():
    import requests

    session = requests.Session()

    def send(step, headers):
        with session.request(step["method"], base + step["path"], headers=headers, data=body_of(step, headers),
                             stream=True, allow_redirects=step.get("follow", False)) as response:
            # With `decode_content`, as `response.content` does; chunk by chunk.
            parts = (response.raw.stream(65536, decode_content=True) if not response.raw.chunked
                     else response.raw.read_chunked(decode_content=True))
            return summarize(response.status_code, response.url, response.raw.headers.items(), parts, step)

    return send


def via_httpx():
    import httpx

    client = httpx.Client(timeout=30)

    def send(step, headers):
        with client.stream(step["method"], base + step["path"], headers=headers, content=body_of(step, headers),
                           follow_redirects=step.get("follow", False)) as response:
            headers = [(name.decode(), value.decode()) for name, value in response.headers.raw]
            return summarize(response.status_code, str(response.url), headers, response.iter_bytes(), step)

    return send


def summarize(status, url, headers, parts, step):
    body, first = bytearray(), None
    for part in parts:
        first = first or time.monotonic()
        body += part
        if "until" in step and step["until"].encode() in body:
            break
    spread = (time.monotonic() - first) * 1000 if first else 0
    short = base64.b64encode(body).decode()
    shown = short if len(body) <= 65536 else f"{len(body)} bytes, sha256 {hashlib.sha256(body).hexdigest()}"
    return {"status": status, "url": url, "headers": list(headers), "body": shown, "spread": spread}


send = via_requests() if kind == "requests" else via_httpx()
results, etag = [], ""
for step in json.load(sys.stdin):
    headers = {**({"authorization": f"Bearer {token}"} if token else {}), **step.get("headers", {})}
    if "if-none-match" in headers:
        headers["if-none-match"] = etag
    try:
        result = send(step, headers)
        etag = next((value for name, value in result["headers"] if name.lower() == "etag"), etag)
    except Exception:
        result = {"error": True}
    results.append(result)
print(json.dumps(results))
