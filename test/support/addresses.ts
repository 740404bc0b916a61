// Addresses for tests as sixteen bytes, IPv4 as its mapped address, with the many ways to write one; shares nothing with
// src/core/ip but the reader that `addressOf` asks.
import { type Address, parseAddress } from "../../src/core/ip/ip-address.ts";
import type { Random } from "./random.ts";

/** The address of a text. */
export function addressOf(text: string): Address {
  const address = parseAddress(text);
  if (address === null) throw new Error(`not an address: ${text}`);
  return address;
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255];

/** The four bytes of an IPv4 address, or `null` for an IPv6 address. */
export function v4Part(bytes: readonly number[]): readonly number[] | null {
  return MAPPED.every((byte, i) => bytes[i] === byte) ? bytes.slice(12) : null;
}

/** Few different bytes and long runs of zeros, so that addresses match rules and "::" can shorten them. */
export function randomBytes(random: Random): number[] {
  const byte = () => random.pick([0, 0, 0, 1, 10, 127, 128, 255, random.below(256)]);
  if (random.below(2) === 0) return [...MAPPED, 10, byte(), byte(), byte()];
  return [0x20, 0x01, ...Array.from({ length: 14 }, byte)];
}

/** Eight groups of four digits. */
export function hexText(bytes: readonly number[]): string {
  return (Buffer.from(bytes).toString("hex").match(/.{4}/g) ?? []).join(":");
}

/** One of the ways to write an address. */
export function spelling(random: Random, bytes: readonly number[]): string {
  const v4 = v4Part(bytes);
  const way = random.below(v4 === null ? 4 : 7);
  if (v4 !== null && way >= 4) return way === 6 ? `::ffff:${v4.join(".")}` : v4.join(".");
  const full = hexText(bytes);
  const short = full.replace(/\b0{1,3}(?=[0-9a-f])/g, "");
  if (way === 0) return full;
  if (way === 1) return short.toUpperCase();
  const runs = [...short.matchAll(/(?:^|(?<=:))0(?::0)*(?=:|$)/g)];
  if (runs.length === 0) return short;
  const run = random.pick(runs);
  return `${short.slice(0, run.index).replace(/:$/, "")}::${short.slice(run.index + run[0].length).replace(/^:/, "")}`;
}
