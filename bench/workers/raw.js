// The physical floor: what workerd itself takes to pass a call on.
export default { fetch: (request) => fetch(request) };
