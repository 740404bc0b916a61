// The base of every denial: a constant response of the same size and with the same headers.
const BODY = JSON.stringify({
  error: {
    status: 401,
    detail: "Authorization required",
    code: "credential_missing",
    request_id: "00000000000000000000-zzzz",
  },
});
const HEADERS = {
  "content-type": "application/json",
  "cache-control": "no-store",
  "www-authenticate": 'Bearer realm="gatehouse"',
};
export default { fetch: () => new Response(BODY, { status: 401, headers: HEADERS }) };
