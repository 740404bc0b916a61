// A second implementation of the authorization rules, as plain as keys.md, README.md and docs/request-flow.md state them.
// Shares nothing with src/ but the operation table and the names of permissions, which are data.
import type { KeyRole } from "../../src/core/access/principal.ts";
import type { Operation } from "../../src/core/routing/operations.ts";

export interface NaiveKey {
  readonly id: string;
  readonly accountId: string;
  readonly role: Pick<KeyRole, "id"> & { readonly permissions: readonly string[] };
  /** Canonical rules; `null`: any address. */
  readonly rules: readonly string[] | null;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  readonly disabledAt: number | null;
  readonly canary: boolean;
}

export interface NaiveRequest {
  readonly method: string;
  readonly path: string;
  readonly address: string | null;
}

/** Decides a request. @returns "allow", or the reason of the denial */
export function naiveDecision(
  table: readonly Operation[],
  adminRoleId: string,
  key: NaiveKey | null,
  request: NaiveRequest,
  now: number,
  forwardBelow: string | null,
): string {
  const segments = request.path.split("/").slice(1);
  const rows = rowsOf(table, segments.length)
    .filter(({ parts }) => fits(parts, segments))
    .map(({ row }) => row);
  // "A literal segment wins over a parameter": the first differing segment decides.
  if (rows.length > 1) rows.sort((a, b) => (literalness(a.path) < literalness(b.path) ? 1 : -1));
  const best = rows.filter((row) => row.path === rows[0]?.path);
  const method = request.method === "HEAD" ? "GET" : request.method;
  const operation = best.find((row) => row.method === method) ?? null;

  const lower = request.path.toLowerCase();
  const own = ["/console", "/.well-known/gatehouse"].some((home) => lower === home || lower.startsWith(`${home}/`));
  if (operation === null && (own || belongsToGatehouse(table, lower))) {
    return best.length > 0 ? "method_not_allowed" : "not_found";
  }
  const trimmed = segments.slice(0, -1);
  if (segments.at(-1) === "" && rowsOf(table, trimmed.length).some(({ parts }) => fits(parts, trimmed)))
    return "not_found";
  const isForwarded = forwardBelow !== null && request.path.startsWith(forwardBelow);
  if (operation === null && !isForwarded) return best.length > 0 ? "method_not_allowed" : "operation_unknown";
  if (key === null) return "key_unknown";
  if (key.revokedAt !== null) return "key_revoked";
  if (key.disabledAt !== null) return key.canary ? "key_canary" : "key_disabled";
  if (key.expiresAt !== null && now >= key.expiresAt) return "key_expired";
  const at = operation?.path.split("/").indexOf(`{${operation.selfParam ?? ""}}`) ?? -1;
  const onItself = at !== -1 && request.path.split("/")[at]?.toLowerCase() === key.id;
  const endsItself = onItself && ["revokeApiKey", "disableApiKey"].includes(operation?.operationId ?? "");
  if (key.rules !== null && !endsItself && !key.rules.some((rule) => inRule(rule, request.address))) {
    return "address_not_allowed";
  }
  const named = /^\/api\/public\/v1\/accounts\/([^/]+)/i.exec(request.path)?.[1];
  if (named !== undefined && named.toLowerCase() !== key.accountId) return "account_mismatch";
  if (key.role.id === adminRoleId) return "allow";
  if (operation === null) return "permission_missing";
  if (operation.permission === null || key.role.permissions.includes(operation.permission)) return "allow";
  return onItself ? "allow" : "permission_missing";
}

interface Row {
  readonly row: Operation;
  readonly parts: readonly string[];
  readonly lowerParts: readonly string[];
}

const indexed = new WeakMap<readonly Operation[], ReadonlyMap<number, readonly Row[]>>();

/** The rows whose template has `segments` segments. Indexed once, since a run decides a million requests. */
function rowsOf(table: readonly Operation[], segments: number): readonly Row[] {
  let index = indexed.get(table);
  if (index === undefined) {
    const rows = table.map((row) => {
      const parts = row.path.split("/").slice(1);
      return { row, parts, lowerParts: parts.map((part) => (part.startsWith("{") ? part : part.toLowerCase())) };
    });
    index = Map.groupBy(rows, ({ parts }) => parts.length);
    indexed.set(table, index);
  }
  return index.get(segments) ?? [];
}

function fits(template: readonly string[], segments: readonly string[]): boolean {
  if (template.length !== segments.length) return false;
  return template.every((part, i) => (part.startsWith("{") ? segments[i] !== "" : part === segments[i]));
}

function literalness(template: string): string {
  return template
    .split("/")
    .map((part) => (part.startsWith("{") ? "0" : "1"))
    .join("");
}

/** Whether a path is, or is beneath, a path that Gatehouse handles, in any case. */
function belongsToGatehouse(table: readonly Operation[], lower: string): boolean {
  const segments = lower.split("/").slice(1);
  return segments.some((_, i) => {
    const start = segments.slice(0, i + 1);
    return rowsOf(table, i + 1).some(({ row, lowerParts }) => row.handledBy === "gatehouse" && fits(lowerParts, start));
  });
}

/** Whether a CIDR contains an address, compared as strings of bits. */
function inRule(rule: string, address: string | null): boolean {
  const [network = "", length = ""] = rule.split("/");
  const [a, b] = [bitsOf(network), address === null ? null : bitsOf(address)];
  if (a === null || b === null || a.length !== b.length) return false;
  return a.slice(0, Number(length)) === b.slice(0, Number(length));
}

function bitsOf(text: string): string | null {
  const bits = (value: number, width: number) => value.toString(2).padStart(width, "0");
  const mapped = /^(?:0{0,4}:){2,5}(?:ffff):(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1];
  const v4 = mapped ?? text;
  if (/^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}$/.test(v4)) {
    const octets = v4.split(".").map(Number);
    return octets.some((octet) => octet > 255) ? null : octets.map((octet) => bits(octet, 8)).join("");
  }
  if (!/^[0-9a-f:]+$/i.test(text) || !text.includes(":")) return null;
  const [head = "", tail] = text.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const gap = 8 - left.length - right.length;
  if (tail === undefined ? gap !== 0 : gap < 1) return null;
  return [...left, ...Array<string>(gap).fill("0"), ...right]
    .map((group) => bits(Number.parseInt(group, 16), 16))
    .join("");
}
