// The operators of the account: people who sign in with an identity of their own.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { CreatedOperator, OperatorData } from "../../admin/operators/schema.ts";
import type { ListOf } from "../../admin/schema.ts";
import { loadList } from "../load-list.ts";
import { useSession } from "../session.ts";

export function useOperators() {
  const { api, account } = useSession();
  return useQuery({
    queryKey: ["operators"],
    queryFn: ({ signal }) => loadList(`${account}/operators`, (path) => api.get<ListOf<OperatorData>>(path, signal)),
  });
}

/** The body of a change. The identity, `email` or `subject`, cannot change after the creation. */
export interface OperatorInput {
  readonly name: string;
  readonly role_id: string;
  /** Left out: unchanged. */
  readonly expire_after_hours?: number;
  readonly email?: string;
  readonly subject?: string;
}

export function useOperatorChanges() {
  const { api, account } = useSession();
  const client = useQueryClient();
  const reload = () => client.invalidateQueries({ queryKey: ["operators"] });
  const forced = (force: boolean) => (force ? "?force=true" : "");
  return {
    /**
     * Adds an operator, or changes one as it was shown: a change of somebody else is a conflict.
     *
     * @returns warnings, as sentences
     */
    async save(operator: OperatorData | null, input: OperatorInput, force: boolean): Promise<readonly string[]> {
      let warnings: readonly string[] = [];
      if (operator === null) {
        const created = await api.send<CreatedOperator>("POST", `${account}/operators`, input);
        warnings = created.warnings.map(({ message }) => message);
      } else {
        const { id, etag } = operator.info;
        await api.send("PUT", `${account}/operators/${id}${forced(force)}`, input, { "if-match": etag });
      }
      await reload();
      return warnings;
    },
    async remove(id: string, force: boolean): Promise<void> {
      await api.send("DELETE", `${account}/operators/${id}${forced(force)}`);
      await reload();
    },
  };
}

const NEVER_YEAR = 2099;

/** @returns milliseconds since 1970; `null`: never. The API represents it as the year 2099. */
export function expiryOf({ info }: OperatorData): number | null {
  const at = Date.parse(info.expiry_time.replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d)Z$/, "$1:00Z"));
  return new Date(at).getUTCFullYear() >= NEVER_YEAR ? null : at;
}
