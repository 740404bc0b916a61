// Edits of src/ that the simulation must catch: what is wrong then, the file, the text, and what replaces it.

export type Mutant = readonly [wrong: string, file: string, text: string, instead: string];

const CACHE = "src/store/key-cache/";
const KEYS = "src/store/api-keys/";
const PROXY = "src/gateway/proxy/";

export const MUTANTS: readonly Mutant[] = [
  // What a record is current by.
  ["lines of roles are ignored", `${CACHE}change-log.ts`, "roleChanges.set(roleId, change);", ""],
  [
    "lines for everything are ignored",
    `${CACHE}change-log.ts`,
    "dropAllBefore(state, Math.max(state.minSeq, seq));",
    "",
  ],
  ["a key's line is ignored", `${CACHE}change-log.ts`, "version: Math.max(version, known), seq", "version: known, seq"],
  ["a version behind is current", `${CACHE}change-log.ts`, "record.version >= (state", "record.version + 1 >= (state"],
  ["lines that were pruned are missed", `${CACHE}change-log.ts`, "|| oldestSeq > state.seq + 1", ""],
  ["a record from before the log is current", `${CACHE}change-log.ts`, "asOf >= state.minSeq && record", "record"],
  [
    "versions of changes that a restore has undone are asked for",
    `${CACHE}change-log.ts`,
    "dropAllBefore(state, Math.max(state.minSeq, seq));",
    "state.minSeq = seq;",
  ],
  ["a read of the log leaves a line out", `${CACHE}d1-records.ts`, "WHERE seq > ?1 ORDER", "WHERE seq > ?1 + 1 ORDER"],
  ["rows and the log are read from a replica", `${CACHE}d1-records.ts`, '"first-primary"', '"first-unconstrained"'],
  [
    "a row that is older than the log is used",
    `${CACHE}key-cache.ts`,
    "isOutdated: asOf < started.seq",
    "isOutdated: false",
  ],
  [
    "a row is used although a line supersedes it",
    `${CACHE}lookup.ts`,
    "if (cache.isCurrent(row)) return row;",
    "return row;",
  ],
  [
    "a copy needs no feed",
    `${CACHE}change-log.ts`,
    "state.initialized && copy.asOf > state.rolledBackSeq && isCurrent(copy)",
    "true",
  ],
  [
    "a copy confirms itself",
    `${CACHE}key-cache.ts`,
    "confirmedAt: Number.NEGATIVE_INFINITY, dropAt, ",
    "confirmedAt: now, dropAt, ",
  ],
  // For how long it is fresh.
  ["a record is fresh for 12 s", `${CACHE}change-log.ts`, "FRESH_FOR_MS = 10_000", "FRESH_FOR_MS = 12_000"],
  [
    "a superseded record counts as current until the change was read",
    `${CACHE}change-log.ts`,
    "if (known === undefined) return { seq, settledSeq: 0, lastCurrentAt: previousReadAt };",
    "return { seq, settledSeq: 0, lastCurrentAt: previousReadAt + 6_000 };",
  ],
  [
    "a superseded record is served for 30 s instead of 10 s",
    `${CACHE}key-cache.ts`,
    "now < entry.dropAt && ageAt(at, now) < FRESH_FOR_MS",
    "now < entry.dropAt && ageAt(at, now) < 30_000",
  ],
  [
    "the feed confirms as of its response",
    `${CACHE}change-feed.ts`,
    "return started.at;",
    "return parts.clock.now() + 3_000;",
  ],
  [
    "a use extends the life of a record",
    `${CACHE}key-cache.ts`,
    "if (ageMs >= FRESH_FOR_MS ||",
    "entries.set(hash, { ...entry, confirmedAt: now });\n        if (ageMs >= FRESH_FOR_MS ||",
  ],
  [
    "an entry is served before it is confirmed",
    `${CACHE}lookup.ts`,
    "if (isFresh(parts, entry, now)) return serveEntry",
    "return serveEntry",
  ],
  [
    "a stale record is served for longer",
    `${CACHE}lookup.ts`,
    "FRESH_FOR_MS + staleIfErrorMs, now",
    "FRESH_FOR_MS + 2 * staleIfErrorMs, now",
  ],
  [
    "a stale record is served although a line supersedes it",
    `${CACHE}lookup.ts`,
    "cache.isCurrent(entry) && cache.isFreshWithin(entry, FRESH",
    "cache.isFreshWithin({ ...entry, confirmedAt: now }, FRESH",
  ],
  [
    "a stale record does not say so",
    `${CACHE}lookup.ts`,
    "return serveEntry(parts, key, entry, now, true);",
    "return serveEntry(parts, key, entry, now, false);",
  ],
  ["a clock that is set back is not noticed", `${CACHE}key-resolver.ts`, "if (!isRollback) return;", "return;"],
  ["a miss is remembered for an hour", `${CACHE}key-cache.ts`, "MISS_TTL_MS = 5_000", "MISS_TTL_MS = 3_600_000"],
  [
    "an expiry is final as soon as it is seen",
    `${CACHE}key-cache.ts`,
    "&& confirmedAt >= record.expiresAt + FRESH_FOR_MS",
    "",
  ],
  [
    "the feed is read every two seconds",
    `${CACHE}change-feed.ts`,
    "REFRESH_AFTER_MS = 5_000",
    "REFRESH_AFTER_MS = 2_000",
  ],
  [
    "a change is authorized on the cached record",
    `${CACHE}key-resolver.ts`,
    "need.fromPrimary\n",
    "need.fromPrimary && key.hash === ''\n",
  ],
  [
    "a record does not have its disabling",
    `${CACHE}record-codec.ts`,
    "disabledAt: canary ? (disabledAt ?? 0) : disabledAt",
    "disabledAt: null",
  ],
  [
    "a record does not have its lists",
    `${CACHE}record-codec.ts`,
    "if (restricted === 0) return null;",
    "if (restricted !== 9) return null;",
  ],
  ["an expiry is not checked", "src/core/access/decide.ts", "expiresAt === null || now < expiresAt", "expiresAt !== 0"],
  // What a change tells others.
  ["an edit of a key tells nobody", `${KEYS}edit.ts`, ", ...bumpKeyVersion(keyId, now)],", "],"],
  ["a disabling tells nobody", `${KEYS}statements.ts`, "...bumpKeyVersion(keyId, now),", ""],
  [
    "a revocation tells nobody",
    `${KEYS}repository.ts`,
    "markRevoked(keyId, actor, now), logKeyChange(keyId, now)]",
    "markRevoked(keyId, actor, now)]",
  ],
  [
    "a bulk revocation tells nobody",
    `${KEYS}bulk-revoke.ts`,
    "FROM api_keys\n          WHERE id IN",
    "FROM api_keys\n          WHERE 0 AND id IN",
  ],
  [
    "a rotation tells nobody of the predecessor",
    `${KEYS}rotation.ts`,
    "moveExpiry(predecessorId, endsAt), ...bumpKeyVersion(predecessorId, now)]",
    "moveExpiry(predecessorId, endsAt)]",
  ],
  [
    "a moved overlap tells nobody",
    `${KEYS}rotation.ts`,
    "statements: [moveExpiry(keyId, endsAt), ...bumpKeyVersion(keyId, now)]",
    "statements: [moveExpiry(keyId, endsAt)]",
  ],
  ["an edit of a role tells nobody", "src/store/roles/update.ts", "...bumpHolders(update, now),", ""],
  ["a replaced list tells nobody", "src/store/allow-lists/replace.ts", "...bumpUsers(users, now),", ""],
  ["another list on the keys tells nobody", "src/store/allow-lists/replace.ts", "...bumpUsers(bound, now),", ""],
  // What a change is made on.
  [
    "a change does not ask for its actor",
    "src/store/audit/audit-event.ts",
    "if (version === null) return TRUE;",
    "if (version !== -1) return TRUE;",
  ],
  [
    "a key acts on the authority that it had",
    "src/store/audit/audit-event.ts",
    "AND k.version = ?`",
    "AND k.version >= ? - 99`",
  ],
  [
    "an operator acts on the authority that they had",
    "src/store/audit/audit-event.ts",
    "AND o.version = ?`",
    "AND o.version >= ? - 99`",
  ],
  [
    "a change overwrites another",
    "src/store/audit/audit-event.ts",
    "...authorizedOn.map(",
    "...authorizedOn.slice(9).map(",
  ],
  [
    "a removed operator is found",
    "src/store/operators/repository.ts",
    "WHERE o.email = ?3 AND o.deleted_at IS NULL)",
    "WHERE o.email = ?3)",
  ],
  [
    "a change whose response was lost is answered 503",
    "src/store/audit/audited-change.ts",
    "if (isCommitted) return null;",
    "",
  ],
  [
    "an expiry is recorded by every run that sees it",
    "src/store/maintenance/maintenance.ts",
    "WHERE id = ? AND expiry_recorded_at IS NULL AND revoked_at IS NULL)",
    "WHERE id = ? AND revoked_at IS NULL)",
  ],
  // What is released, and for how long.
  [
    "a speculative response is not held back",
    "src/gateway/handle-request.ts",
    "found = await found.result;",
    'found = { record: found.cached, source: "memory", ageMs: 0, degraded: false };',
  ],
  [
    "a speculative response tells of another record",
    `${PROXY}dispatch.ts`,
    "speculation !== null && speculation.version === principal.version",
    "speculation !== null",
  ],
  [
    "a slow body is sent with the identity of its start",
    `${PROXY}forward.ts`,
    "identity === null ? options : { ...options, identity }",
    "options",
  ],
  [
    "a slow body is sent whatever has happened meanwhile",
    `${PROXY}request-body.ts`,
    "if (timeBetween(now(), startedAt) <= STALE_AFTER_MS) return",
    "if (startedAt > 0) return",
  ],
  [
    "a long body of known length is completed",
    `${PROXY}request-body.ts`,
    "(left === 0 && age > STALE_AFTER_MS)",
    "left < 0",
  ],
  [
    "a long body in chunks is completed",
    `${PROXY}request-body.ts`,
    "if (timeBetween(now(), authorizedAt) > STALE_AFTER_MS && (await",
    "if (authorizedAt < 0 && (await",
  ],
  [
    "an open response is authorized again after five seconds, however old its record was",
    `${PROXY}open-response.ts`,
    "schedule(reauthorization.firstAfterMs);",
    "schedule(REAUTHORIZE_EVERY_MS);",
  ],
  [
    "an open response is never cut",
    `${PROXY}open-response.ts`,
    'else cut.abort(new Error("the key no longer allows this"));',
    "",
  ],
  [
    "whatever is open is authorized again every 15 s",
    `${PROXY}reauthorize.ts`,
    "REAUTHORIZE_EVERY_MS = 5_000",
    "REAUTHORIZE_EVERY_MS = 15_000",
  ],
  [
    "an open response is authorized on the cached record",
    `${PROXY}reauthorize.ts`,
    "const found = await resolve(true)",
    "const found = await resolve(false)",
  ],
];
