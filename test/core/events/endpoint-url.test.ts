// Which URLs may be endpoints, in every spelling of what points inward.
import { expect, it } from "vitest";
import { isInwardAddress, readEndpointUrl } from "../../../src/core/events/endpoint-url.ts";

const isAllowed = (url: string, allowLoopback = false) => "url" in readEndpointUrl(url, allowLoopback);

it.each([
  "https://hooks.example.com/in?t=1",
  "https://hooks.example.com:8443/",
  "https://8.8.8.8/",
  "https://[2606:4700::1111]/",
  "https://xn--bcher-kva.example.com/",
])("allows %s", (url) => {
  expect(isAllowed(url)).toBe(true);
});

const INWARD_HOSTS = [
  ...["localhost", "localhost.", "LOCALHOST", "a.localhost", "gateway", "metadata.google.internal", "printer.local"],
  ...["10.0.0.1", "10.1", "0xa.0.0.1", "012.0.0.1", "167772161", "0x0a000001", "127.0.0.1", "127.1", "2130706433"],
  ...["169.254.169.254", "169.254.169.254.", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "100.64.0.1", "0"],
  ...["172.16.0.1", "172.31.255.255", "192.168.1.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "0.0.0.0"],
  ...["１２７.０.０.１", "127。0。0。1", "①②⑦.⓪.⓪.①"],
  ...["[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[::127.0.0.1]", "[fe80::1]", "[fd00:ec2::254]"],
  ...["[fc00::1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2001::1]", "[ff02::1]", "[2001:db8::1]"],
];

it.each(INWARD_HOSTS)("rejects the host %s", (host) => {
  for (const scheme of ["https", "http"]) expect(isAllowed(`${scheme}://${host}/`)).toBe(false);
  expect(isAllowed(`https://${host}:443/x`, true)).toBe(false);
});

it.each([
  ["plain http", "http://hooks.example.com/"],
  ["another scheme", "ftp://hooks.example.com/"],
  ["a script", "javascript:alert(1)"],
  ["a user name", "https://user@hooks.example.com/"],
  ["a password", "https://:secret@hooks.example.com/"],
  ["a fragment", "https://hooks.example.com/#a"],
  ["a relative reference", "/hooks"],
  ["no text", ""],
  ["blanks", "https://hooks.example.com/a b"],
  ["a line break", "https://hooks.example.com/\r\nx"],
  ["too long a text", `https://hooks.example.com/${"a".repeat(2_048)}`],
])("rejects %s", (_, url) => {
  expect(isAllowed(url)).toBe(false);
});

it("allows plain http to this machine only where a variable says so", () => {
  for (const host of ["127.0.0.1:9000", "localhost:9000", "[::1]:9000"]) {
    expect(isAllowed(`http://${host}/`)).toBe(false);
    expect(isAllowed(`http://${host}/`, true)).toBe(true);
  }
  for (const host of ["10.0.0.1", "127.0.0.2", "a.localhost"]) expect(isAllowed(`http://${host}/`, true)).toBe(false);
});

it("takes what is no address for an inward one", () => {
  for (const text of ["", "x", "1.2.3", "::g"]) expect(isInwardAddress(text)).toBe(true);
  expect(isInwardAddress("1.1.1.1")).toBe(false);
});
