import type { AdminCall, AdminPorts } from "./call.ts";
export function createAdmin(_: AdminPorts) {
  return async (_call: AdminCall) => new Response("{}");
}
