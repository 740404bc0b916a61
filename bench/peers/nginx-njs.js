// What nginx.conf cannot say by itself: the hash of a key, and the verdict over what its tables have found. In the
// JavaScript that njs knows, which takes no values apart and no `node:`.
// biome-ignore lint/style/useNodejsImportProtocol: see above
import crypto from "crypto";

function hash(r) {
  const credential = r.headersIn.Authorization || "";
  return crypto.createHash("sha256").update(credential.slice(7)).digest("hex");
}

function refusal(r) {
  const found = r.variables;
  if (!found.role || Number(found.expires) <= Date.now() / 1000) return "401";
  if (found.allowed === "0") return "403";
  return found.role === "Viewer" && r.method !== "GET" && r.method !== "HEAD" ? "403" : "";
}

export default { hash, refusal };
