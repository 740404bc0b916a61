// Content codings x what the client accepts.
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { Exchange } from "../exchange.ts";
import type { Field } from "../message.ts";
import { answer, chunk, exchange, LAST_CHUNK, sizedAnswer } from "./build.ts";

export const TEXT = "hello hello hello hello hello hello";
const CODED: Readonly<Record<string, Uint8Array>> = {
  identity: Buffer.from(TEXT),
  gzip: gzipSync(TEXT),
  GZIP: gzipSync(TEXT),
  "x-gzip": gzipSync(TEXT),
  br: brotliCompressSync(TEXT),
  deflate: deflateSync(TEXT),
  zstd: zstdCompressSync(TEXT),
  "gzip, br": brotliCompressSync(gzipSync(TEXT)),
  "br, gzip": gzipSync(brotliCompressSync(TEXT)),
  unknown: Buffer.from("not coded at all"),
};

const ACCEPTED = [
  null,
  "gzip",
  "br",
  "gzip, br, zstd",
  "identity",
  "*",
  "gzip;q=0",
  "gzip;q=0, *",
  "*;q=0",
  "GZip;q=0.001, br ; q=1.0",
] as const;

const accepting = (accepted: string | null): readonly Field[] =>
  accepted === null ? [] : [["Accept-Encoding", accepted]];
const wording = (accepted: string | null): string =>
  accepted === null ? "names no coding" : `accepts ${JSON.stringify(accepted)}`;

/** Answers in which a coded body is not to be decoded, or has something about it that decoding changes. */
const SPECIAL: readonly (readonly [what: string, method: string, steps: ReturnType<typeof answer>])[] = [
  ["an empty 202", "GET", sizedAnswer("202 Accepted", ["Content-Encoding: gzip"], "")],
  ["an empty 200 in br", "GET", sizedAnswer("200 OK", ["Content-Encoding: br"], "")],
  ["an empty 500 to a POST", "POST", sizedAnswer("500 Odd", ["Content-Encoding: gzip"], "")],
  ["a HEAD answer", "HEAD", answer("200 OK", ["Content-Encoding: gzip", "Content-Length: 55", 'ETag: "1"'])],
  [
    "two members of gzip",
    "GET",
    sizedAnswer("200 OK", ["Content-Encoding: gzip"], Buffer.concat([gzipSync(TEXT), gzipSync(TEXT)])),
  ],
  ["a 304", "GET", answer("304 Not Modified", ["Content-Encoding: gzip", 'ETag: "1"'])],
  ["a 204", "GET", answer("204 No Content", ["Content-Encoding: gzip"])],
  [
    "a part of a coded body",
    "GET",
    sizedAnswer(
      "206 Partial Content",
      ["Content-Encoding: gzip", "Content-Range: bytes 0-9/55", 'ETag: "1"'],
      gzipSync(TEXT).subarray(0, 10),
    ),
  ],
  [
    "no-transform",
    "GET",
    sizedAnswer("200 OK", ["Content-Encoding: gzip", "Cache-Control: no-transform"], gzipSync(TEXT)),
  ],
  [
    "no-transform among others",
    "GET",
    sizedAnswer(
      "200 OK",
      ["Content-Encoding: br", 'Cache-Control: private, No-Transform, x="a"'],
      brotliCompressSync(TEXT),
    ),
  ],
  [
    "a strong ETag and digests",
    "GET",
    sizedAnswer(
      "200 OK",
      [
        "Content-Encoding: gzip",
        'ETag: "1"',
        "Content-Digest: sha-256=:x:",
        "Repr-Digest: sha-256=:x:",
        "Digest: sha-256=x",
        "Content-MD5: x",
        "Accept-Ranges: bytes",
      ],
      gzipSync(TEXT),
    ),
  ],
  [
    "a weak ETag",
    "GET",
    sizedAnswer("200 OK", ["Content-Encoding: br", 'ETag: W/"1"', "Vary: Accept"], brotliCompressSync(TEXT)),
  ],
];

function chunked(): Exchange[] {
  const empty = [null, "gzip", "br"].flatMap((accepted) =>
    ["gzip", "br"].map((coding) =>
      exchange(`an empty answer in ${coding} and chunks reaches a client that ${wording(accepted)}`, "GET", {
        fields: accepting(accepted),
        answer: [...answer("202 Accepted", [`Content-Encoding: ${coding}`, "Transfer-Encoding: chunked"]), LAST_CHUNK],
      }),
    ),
  );
  const whole = [null, "gzip"].map((accepted) =>
    exchange(`a gzip answer in chunks reaches a client that ${wording(accepted)}`, "GET", {
      fields: accepting(accepted),
      answer: [
        ...answer("200 OK", ["Content-Encoding: gzip", "Transfer-Encoding: chunked"]),
        Buffer.concat([chunk(gzipSync(TEXT)), Buffer.from(LAST_CHUNK)]),
      ],
    }),
  );
  return [...empty, ...whole];
}

/** Everything that is about codings. */
export function codingExchanges(): Exchange[] {
  const plain = Object.entries(CODED).flatMap(([coding, body]) =>
    ACCEPTED.map((accepted) =>
      exchange(`an answer in ${coding} reaches a client that ${wording(accepted)}`, "GET", {
        fields: accepting(accepted),
        answer: sizedAnswer("200 OK", coding === "identity" ? [] : [`Content-Encoding: ${coding}`], body),
      }),
    ),
  );
  const special = SPECIAL.flatMap(([what, method, steps]) =>
    [null, "gzip, br", "gzip;q=0, *"].map((accepted) =>
      exchange(`a coded answer with ${what} reaches a client that ${wording(accepted)}`, method, {
        fields: accepting(accepted),
        answer: steps,
      }),
    ),
  );
  return [...plain, ...special, ...chunked()];
}
