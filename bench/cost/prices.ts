// Published prices, each with the page that states it. US dollars, a month. Read on 23 November 2026, in stored copies of the
// pages; what no page was seen to state is not here.

/** Where a price stands. */
export interface Source {
  readonly page: string;
  /** Where the page's words were read, when not in a copy of the page itself, and the day of that copy. */
  readonly readIn?: string;
  readonly asOf?: string;
}

/** A price by quantity: an amount that costs nothing more, then so much for each million. */
export interface Price {
  readonly included: number;
  readonly perMillion: number;
}

/** The Workers Paid plan. https://developers.cloudflare.com/workers/platform/pricing/ and those of KV and D1. */
export const CLOUDFLARE = {
  plan: 5,
  parts: {
    requests: { included: 10e6, perMillion: 0.3 },
    cpuMs: { included: 30e6, perMillion: 0.02 },
    kvReads: { included: 10e6, perMillion: 0.5 },
    kvWrites: { included: 1e6, perMillion: 5 },
    rowsRead: { included: 25e9, perMillion: 0.001 },
    rowsWritten: { included: 50e6, perMillion: 1 },
    // Until 1 December 2026; the page of the price from then on was not to be had.
    logEvents: { included: 20e6, perMillion: 0.6 },
  },
} as const satisfies { plan: number; parts: Record<string, Price> };

export const CLOUDFLARE_PAGES: readonly string[] = [
  "https://developers.cloudflare.com/workers/platform/pricing/",
  "https://developers.cloudflare.com/kv/platform/pricing/",
  "https://developers.cloudflare.com/d1/platform/pricing/",
];

/** Calls up to a month's total at one price; the last step has no end. */
export interface Step {
  readonly upTo: number;
  readonly perMillion: number;
}

/** What another gateway that checks API keys costs, without what stands behind it. */
export interface Offer {
  readonly name: string;
  /** For being there at all. */
  readonly monthly: number;
  readonly steps: readonly Step[];
  /** From how many calls on there is no published price. */
  readonly most?: number;
  readonly note: string;
  readonly sources: readonly Source[];
}

const AWS_PRICES =
  "https://docs.aws.amazon.com/whitepapers/latest/best-practices-api-gateway-private-apis-integration/cost-optimization.html";

/** Price pages word by word, a repository for each provider. */
const TRANSCRIPTS = "https://github.com/api-evangelist";

const NO_END = Number.POSITIVE_INFINITY;

export const OFFERS: readonly Offer[] = [
  {
    name: "Amazon API Gateway, REST API",
    monthly: 0,
    steps: [
      { upTo: 333e6, perMillion: 3.5 },
      { upTo: 1_000e6, perMillion: 2.8 },
      { upTo: 20_000e6, perMillion: 2.38 },
      { upTo: NO_END, perMillion: 1.51 },
    ],
    note: "has API keys; without the first year's free calls",
    sources: [{ page: AWS_PRICES }],
  },
  {
    name: "Amazon API Gateway, HTTP API",
    monthly: 0,
    steps: [
      { upTo: 300e6, perMillion: 1 },
      { upTo: NO_END, perMillion: 0.9 },
    ],
    note: "has no API keys: a Lambda authorizer of your own comes on top",
    sources: [
      { page: AWS_PRICES },
      { page: "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-vs-rest.html" },
    ],
  },
  {
    name: "Google Cloud API Gateway",
    monthly: 0,
    steps: [
      { upTo: 2e6, perMillion: 0 },
      { upTo: 1_000e6, perMillion: 3 },
      { upTo: NO_END, perMillion: 1.5 },
    ],
    note: "has API keys",
    sources: [{ page: "https://cloud.google.com/api-gateway/docs/pricing" }],
  },
  {
    name: "Kong Konnect Plus, serverless",
    monthly: 25,
    steps: [
      { upTo: 1e6, perMillion: 0 },
      { upTo: NO_END, perMillion: 200 },
    ],
    most: 10e6,
    note: "has API keys; one control plane; from 10 million calls on by contract",
    sources: [
      { page: "https://konghq.com/pricing", readIn: `${TRANSCRIPTS}/kong`, asOf: "2026-09-20" },
      // The most calls.
      { page: "https://apis.io/rate-limits/kong/kong-rate-limits/" },
    ],
  },
  {
    name: "Apigee, pay-as-you-go",
    monthly: 1_460,
    steps: [
      { upTo: 50e6, perMillion: 100 },
      { upTo: 500e6, perMillion: 80 },
      { upTo: NO_END, perMillion: 64 },
    ],
    note: "an Intermediate environment in one region; checking a key makes a call an extensible one",
    sources: [
      { page: "https://cloud.google.com/apigee/pricing", readIn: `${TRANSCRIPTS}/apigee`, asOf: "2026-09-20" },
      // The environment, and what kind of call one is whose key is checked.
      { page: "https://docs.cloud.google.com/apigee/docs/api-platform/reference/pay-as-you-go-examples" },
      { page: "https://docs.cloud.google.com/apigee/docs/api-platform/reference/policies/verify-api-key-policy" },
    ],
  },
];
