// What a verification reports.

/** Something wrong with a log, or with a row that no event explains. */
export interface Finding {
  readonly what:
    | "changed"
    | "missing"
    | "not_sealed"
    | "not_signed"
    | "not_authentic"
    | "out_of_time"
    | "checkpoint_forged"
    | "checkpoint_differs"
    | "checkpoint_missing"
    | "key_forged"
    | "head_forged"
    | "cut_off"
    | "unexplained";
  readonly message: string;
}

/** An event in words: its number in the log of its account; `seq` for one of before migration 0006. */
export function eventName({ seq, number, account_id }: { seq: number; number: number | null; account_id: string }) {
  return number === null ? `Event ${seq}` : `Event ${number} of account ${account_id}`;
}
