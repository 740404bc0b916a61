// In front of a Worker whose memory is measured: collects its garbage when it is asked to. Needs --expose-gc.
import worker from "./worker.js";

export default {
  fetch(request, env, context) {
    if (!request.url.endsWith("/collect-garbage")) return worker.fetch(request, env, context);
    globalThis.gc();
    return new Response(null);
  },
};
