# Python's requests and httpx. Usage: python.py requests|httpx BASE AUTHORIZATION, steps on standard input.
import base64, importlib, json, sys, time

kind, base, authorization = sys.argv[1:]
library = importlib.import_module(kind)
client = library.Session() if kind == "requests" else library.Client(timeout=30)
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


def send(step, headers):
    url, follow, until = base + step["path"], step.get("follow", False), step.get("until")
    if kind == "requests":
        with client.request(step["method"], url, headers=headers, data=body_of(step, headers),
                            stream=True, allow_redirects=follow) as response:
            raw = response.raw
            # With `decode_content`, as `response.content` does; chunk by chunk.
            parts = raw.read_chunked(decode_content=True) if raw.chunked else raw.stream(65536, decode_content=True)
            return summarize(response.status_code, response.url, raw.headers.items(), parts, until)
    with client.stream(step["method"], url, headers=headers, content=body_of(step, headers),
                       follow_redirects=follow) as response:
        headers = [(name.decode(), value.decode()) for name, value in response.headers.raw]
        return summarize(response.status_code, str(response.url), headers, response.iter_bytes(), until)


def summarize(status, url, headers, parts, until):
    body, first = bytearray(), None
    for part in parts:
        first = first or time.monotonic()
        body += part
        if until and until.encode() in body:
            break
    spread = (time.monotonic() - first) * 1000 if first else 0
    return {"status": status, "url": url, "headers": list(headers), "body": base64.b64encode(body).decode(), "spread": spread}


results, etag = [], ""
for step in json.load(sys.stdin):
    headers = {**({"authorization": authorization} if authorization else {}), **step.get("headers", {})}
    if "if-none-match" in headers:
        headers["if-none-match"] = etag
    try:
        result = send(step, headers)
        etag = next((value for name, value in result["headers"] if name.lower() == "etag"), etag)
    except Exception:
        result = {"error": True}
    results.append(result)
print(json.dumps(results))
