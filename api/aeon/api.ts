import { describeApi } from "../../src/core/routing/api-description.ts";
import { OPERATIONS } from "./operations.ts";
import { POLICY } from "./policy.ts";
import { WORDS } from "./words.ts";

/** The public API of YugabyteDB Aeon. */
export const api = describeApi("aeon", OPERATIONS, WORDS, POLICY);
