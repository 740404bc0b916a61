// The replay of the audit log against a second implementation, and against the tables that real operations leave.
import { expect, it } from "vitest";
import { readDatabase } from "../../scripts/audit/read.ts";
import { HASHED_COLUMNS, type StoredEvent } from "../../src/core/audit/hash-chain.ts";
import { compareTables } from "../../src/core/audit/replay/compare.ts";
import { createReplay } from "../../src/core/audit/replay/replay.ts";
import { readTables } from "../../src/store/audit/tables-sql.ts";
import { newHistory } from "../support/audit-history.ts";
import { authorityInEvents, authorityInTables } from "../support/naive-replay.ts";
import { rounds, seededRandom } from "../support/random.ts";

const HISTORIES = Number(process.env.REPLAY_HISTORIES ?? rounds(1_000));

it("explains every row of random histories of real operations, and agrees with a second implementation", async () => {
  const random = seededRandom(14);
  for (let i = 0; i < HISTORIES; i++) {
    const { operate, sqlite } = await newHistory(random);
    await operate(5 + random.below(25));
    const read = readDatabase(sqlite);
    const events = (await read(
      `SELECT ${HASHED_COLUMNS.join(", ")}, hash FROM audit_events ORDER BY seq`,
    )) as unknown as StoredEvent[];
    const replay = createReplay();
    for (const event of events) replay.add(event);
    const tables = await readTables(read);
    expect(replay.findings).toEqual([]);
    expect(compareTables(replay.tables, tables)).toEqual([]);
    expect(authorityInEvents(events)).toEqual(authorityInTables(tables));
    sqlite.close();
  }
}, 600_000);
