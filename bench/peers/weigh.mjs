// Gatehouse's job as a hook for gateways that run in Node: hash, table of keys, expiry, addresses, roles.
// Not here: addresses and permissions of each key; one list and one rule stand for all.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { BlockList, isIPv6 } from "node:net";

const linesOf = (directory, name) => readFileSync(`${directory}/${name}`, "utf8").trim().split("\n");

/** The addresses that may call, as a function. */
export function readRules(directory) {
  const list = new BlockList();
  for (const rule of linesOf(directory, "rules.txt")) {
    const [network, bits] = rule.split("/");
    list.addSubnet(network, Number(bits), isIPv6(network) ? "ipv6" : "ipv4");
  }
  return (address = "") => list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

/** What becomes of a call: a `status` that refuses it, or the `identity` that it goes on with. */
export function openGate(directory) {
  const keys = new Map();
  for (const line of linesOf(directory, "keys.map")) {
    const [hash, row] = line.split(" ", 2);
    const [role, expires, identity] = row.split("|");
    keys.set(hash, { role, expiresAt: Number(expires) * 1000, identity });
  }
  const isAllowed = readRules(directory);
  return ({ method, headers }) => {
    const token = (headers.authorization ?? "").slice(7);
    const key = keys.get(createHash("sha256").update(token).digest("hex"));
    if (key === undefined || key.expiresAt <= Date.now()) return { status: 401 };
    if (!isAllowed(headers["cf-connecting-ip"])) return { status: 403 };
    if (key.role === "Viewer" && method !== "GET" && method !== "HEAD") return { status: 403 };
    return { identity: key.identity };
  };
}
