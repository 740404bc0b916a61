// One expensive read at a time for each account, so that no account keeps D1, which runs one query after another, from the others.
// It holds for one isolate: there is nothing that isolates share without a read.

/** How often and how many times a read looks whether it is its turn: a second in all. */
const POLL_MS = 25;
const MAX_POLLS = 40;
/** D1 is left to others for so long between two reads of which one has waited for the other. */
const PAUSE_MS = 50;

interface Account {
  /** The read that is running; `null`: none. */
  turn: object | null;
  waiting: number;
}

const accounts = new WeakMap<D1Database, Map<string, Account>>();

const pause = (ms: number) => new Promise((resume) => setTimeout(resume, ms));

/**
 * Read when no other read of the account is running.
 *
 * @returns what was read, or that others were running all the time
 */
export async function inTurn<T>(
  db: D1Database,
  accountId: string,
  read: () => Promise<T>,
): Promise<T | { readonly error: "busy" }> {
  const known = accounts.get(db) ?? new Map<string, Account>();
  accounts.set(db, known);
  const account = known.get(accountId) ?? { turn: null, waiting: 0 };
  known.set(accountId, account);
  const turn = await takeTurn(account);
  if (turn === null) return { error: "busy" };
  try {
    return await read();
  } finally {
    if (account.waiting > 0) await pause(PAUSE_MS);
    if (account.turn === turn) account.turn = null;
    if (account.turn === null && account.waiting === 0) known.delete(accountId);
  }
}

/** Waits for the account's turn and takes it; `null`: others have had it all the time. */
async function takeTurn(account: Account): Promise<object | null> {
  const first = account.turn;
  account.waiting += 1;
  for (let polls = 0; account.turn !== null && polls < MAX_POLLS; polls++) await pause(POLL_MS);
  account.waiting -= 1;
  // The platform has canceled a read that has run all the time: its turn would never end.
  if (account.turn !== null && account.turn !== first) return null;
  account.turn = {};
  return account.turn;
}
