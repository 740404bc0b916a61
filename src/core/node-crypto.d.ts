// The part of node:crypto that the Worker uses. Its full types would bring Node's globals into the Worker.
declare module "node:crypto" {
  interface Hash {
    /** A text counts as UTF-8. */
    update(data: string): Hash;
    digest(encoding: "hex" | "base64" | "base64url"): string;
    digest(): Uint8Array;
  }

  export function createHash(algorithm: "sha256"): Hash;
  export function createHmac(algorithm: "sha256", key: Uint8Array): Hash;
}
