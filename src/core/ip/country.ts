// The country of a client, as the platform states it.

/**
 * Reads it from `cf` of a request (https://developers.cloudflare.com/workers/runtime-apis/request/).
 *
 * @returns ISO 3166-1 alpha-2, or `T1` for Tor; `null`: it is not known
 */
export function countryOf(request: object): string | null {
  const { cf } = request as { readonly cf?: { readonly country?: unknown } };
  const country = cf?.country;
  // XX: Cloudflare does not know either.
  return typeof country === "string" && /^[A-Z\d]{2}$/.test(country) && country !== "XX" ? country : null;
}
