// The base of every forwarded request: workerd's own cost to pass it through.
export default { fetch: (request) => fetch(request) };
