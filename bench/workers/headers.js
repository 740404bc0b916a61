// The least that any authorising gateway has to do to a call: one header away, one header set.
export default {
  fetch(request) {
    const onward = new Request(request);
    onward.headers.delete("authorization");
    onward.headers.set("gatehouse-identity", "constant");
    return fetch(onward);
  },
};
