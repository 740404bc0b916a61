// Three sizes of customer: all that is assumed about traffic, in one table. docs/cost.md shows it.

export interface Customer {
  readonly name: string;
  /** Calls a month, those that are refused included. */
  readonly calls: number;
  readonly keys: number;
  /** Where isolates run, and how many in each place are in use at a time. */
  readonly places: number;
  readonly isolatesEach: number;
  /** Hours a day in which there are calls. */
  readonly hoursADay: number;
  /** Share of the calls that change something, of those that a key of ours is refused, and of those with no such key. */
  readonly changes: number;
  readonly refused: number;
  readonly strangers: number;
}

export const CUSTOMERS: readonly Customer[] = [
  {
    name: "small: a team and its CI",
    calls: 1e6,
    keys: 20,
    places: 1,
    isolatesEach: 2,
    hoursADay: 10,
    changes: 0.05,
    refused: 0.01,
    strangers: 0.01,
  },
  {
    name: "medium: a company's automation",
    calls: 50e6,
    keys: 500,
    places: 5,
    isolatesEach: 4,
    hoursADay: 24,
    changes: 0.05,
    refused: 0.01,
    strangers: 0.01,
  },
  {
    name: "large: a platform's tenants",
    calls: 1e9,
    keys: 20_000,
    places: 60,
    isolatesEach: 5,
    hoursADay: 24,
    changes: 0.03,
    refused: 0.01,
    strangers: 0.01,
  },
];

/** The n-th busiest key is called 1/n as often as the busiest one (Zipf's law with exponent 1). */
export const ZIPF_EXPONENT = 1;

/** A key's client is in one place: so much of its calls come in there, the rest anywhere. In a place, any isolate may answer. */
export const SHARE_AT_HOME = 0.9;

export const DAYS_A_MONTH = 30;

/** CPU of a change beyond that of a read, and of a scheduled run: they wait for D1. Assumed, not measured. */
export const CPU_MS_OF_ASKING_D1 = 1.5;
