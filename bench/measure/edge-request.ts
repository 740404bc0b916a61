// What Cloudflare's edge adds to every request: its headers, and `request.cf`. A benchmark without them compares with a
// pass-through that production does not have: whoever forwards a request as it came has to carry all of this on.

/** The address of every client. */
export const ADDRESS = "203.0.113.9";

/** The header that workerd reads `request.cf` from: `cfBlobHeader` of its configuration. Any Worker would see it otherwise. */
export const CF_HEADER = "bench-cf";

/**
 * The members of `request.cf`, in the shape of
 * https://developers.cloudflare.com/workers/runtime-apis/request/#incomingrequestcfproperties; the values are made up.
 */
const CF = {
  clientTcpRtt: 11,
  httpProtocol: "HTTP/2",
  tlsCipher: "AEAD-AES128-GCM-SHA256",
  continent: "EU",
  asn: 64496,
  clientAcceptEncoding: "gzip, deflate, br",
  verifiedBotCategory: "",
  country: "DE",
  isEUCountry: "1",
  region: "Hesse",
  regionCode: "HE",
  city: "Frankfurt am Main",
  postalCode: "60313",
  metroCode: "0",
  latitude: "50.11552",
  longitude: "8.68417",
  timezone: "Europe/Berlin",
  colo: "FRA",
  asOrganization: "Documentation Networks",
  requestPriority: "weight=256;exclusive=1",
  edgeRequestKeepAliveStatus: 1,
  edgeL4: { deliveryRate: 5_120_000 },
  tlsVersion: "TLSv1.3",
  tlsClientHelloLength: "512",
  tlsClientRandom: "t4FHTQeVdNpaDpSBKvvbv0wo0hCzP7bKMXDYxWiY5Wg=",
  tlsClientCiphersSha1: "y3hrBnLK0gyXsmmtEmGTwBZDR64=",
  tlsClientExtensionsSha1: "Y7DIC8A6G0/aXviZ8ie/xDbJb7g=",
  tlsClientExtensionsSha1Le: "6e+q3vPm88rSgMTN/h7WTTxQ2wQ=",
  tlsExportedAuthenticator: {
    clientFinished: "5b1d6c0e4c2f3a8d9e7b6a5f4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d",
    clientHandshake: "0c9b8a7f6e5d4c3b2a1f0e9d8c7b6a5f4e3d2c1b0a9f8e7d6c5b4a3f2e1d0c9b",
    serverFinished: "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90",
    serverHandshake: "f0e1d2c3b4a5968778695a4b3c2d1e0ff0e1d2c3b4a5968778695a4b3c2d1e0f",
  },
  tlsClientAuth: {
    ...{ certIssuerDNLegacy: "", certIssuerSKI: "", certSubjectDNRFC2253: "", certSubjectDNLegacy: "" },
    ...{ certFingerprintSHA256: "", certNotBefore: "", certSKI: "", certSerial: "", certIssuerDN: "" },
    ...{ certVerified: "NONE", certNotAfter: "", certSubjectDN: "", certPresented: "0", certRevoked: "0" },
    ...{ certIssuerSerial: "", certIssuerDNRFC2253: "", certFingerprintSHA1: "" },
  },
};

/** The headers of https://developers.cloudflare.com/fundamentals/reference/http-headers/ beside the client's address, and `cf`. */
export const EDGE: Readonly<Record<string, string>> = {
  "accept-encoding": "gzip, br",
  "cdn-loop": "cloudflare; loops=1",
  "cf-ipcountry": "DE",
  "cf-ray": "8f2b6c0d1e3a4b5c-FRA",
  "cf-visitor": '{"scheme":"https"}',
  connection: "Keep-Alive",
  "x-forwarded-for": ADDRESS,
  "x-forwarded-proto": "https",
  "x-real-ip": ADDRESS,
  [CF_HEADER]: JSON.stringify(CF),
};
