// The built Worker behind a path that collects garbage, which workerd's inspector cannot do. Needs --expose-gc.
import worker from "../../dist/bench/gatehouse/index.js";

export default {
  fetch(request, env, context) {
    if (!request.url.endsWith("/collect-garbage")) return worker.fetch(request, env, context);
    globalThis.gc();
    return new Response(null);
  },
};
