// What is used of the Node.js modules that the runtime has: https://developers.cloudflare.com/workers/runtime-apis/nodejs/
declare module "node:zlib" {
  export function createBrotliDecompress(): object;
  export function createGunzip(): object;
}
declare module "node:stream" {
  export const Duplex: { toWeb(duplex: object): unknown };
}
