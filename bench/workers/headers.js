// The least that any authorizing gateway does to a request: one header removed, one header set.
export default {
  fetch(request) {
    const onward = new Request(request);
    onward.headers.delete("authorization");
    onward.headers.set("gatehouse-identity", "constant");
    return fetch(onward);
  },
};
