// The wire contract of the principal that sends the request.
import * as z from "zod/mini";
import { id } from "../fields.ts";

export const SelfData = z.object({
  type: z.enum(["API_KEY", "OPERATOR"]),
  id,
  name: z.string(),
  account_id: id,
  /** The accounts that an operator may name in `Gatehouse-Account`, this one among them; empty for an API key. */
  accounts: z.array(z.object({ id, name: z.string() })),
  role: z.object({ id, name: z.string() }),
  /** Effective permissions, such as `API_KEY:CREATE`. */
  permissions: z.array(z.string()),
});

export type SelfData = z.infer<typeof SelfData>;
