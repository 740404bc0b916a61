// The operator of a fleet: creates keys, takes access away from them in every way, gives some of it back, and reads what has become
// of it. A change is repeated until it is answered with 200.
import { setTimeout as delay } from "node:timers/promises";
import { ACCOUNT, PROJECT } from "../../bench/setup/keys.ts";
import { ADDRESS, type Answer, send } from "./client.ts";

const V1 = `/api/public/v1/accounts/${ACCOUNT}`;
const LISTS = `${V1}/projects/${PROJECT}/allow-lists`;
const RETRY_AFTER_MS = 250;
const TRIES = 60;

const permission = (resource_type: string, ...groups: string[]) => ({
  resource_type,
  operation_groups: groups.map((operation_group) => ({ operation_group })),
});
const NARROW = [permission("BACKUP", "READ")];
const WIDE = [permission("CLUSTER", "READ", "CREATE"), ...NARROW];
const ELSEWHERE = "198.51.100.7/32";

/** The ways in which access is taken from a key, in turn. */
export const WAYS = [
  "revoked",
  "disabled",
  "given another role",
  "kept to other addresses",
  "of a narrowed role",
] as const;
export type Way = (typeof WAYS)[number];

export interface FleetKey {
  readonly name: string;
  readonly id: string;
  readonly token: string;
  /** How its access is taken once; `null`: never. */
  readonly way: Way | null;
  /** Its own allow list or role, when that is what is changed. */
  readonly resource: string;
}

interface Change {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
}

export interface Operator {
  /** Repeats it until it is answered with 200. @throws Error with the last answer */
  until200(change: Change): Promise<Answer>;
  /** A key with access to clusters. `null`: the answer was lost, or the gateway could not. */
  createKey(name: string, way: Way | null): Promise<FleetKey | null>;
  restrictionOf(key: FleetKey): Change;
  restorationOf(key: FleetKey): Change;
  /** Whether the account shows the key with what was changed last. */
  shows(key: FleetKey, isRestored: boolean): Promise<boolean>;
}

/** @param port of a gateway that can make changes, anew for every request */
export async function createOperator(token: string, port: () => number): Promise<Operator> {
  const once = ({ method, path, body }: Change) => send(port(), token, method, path, body);

  async function until200(change: Change): Promise<Answer> {
    let answer = await once(change);
    for (let tries = 1; answer.status !== 200; tries += 1) {
      if (tries === TRIES) throw new Error(`${change.method} ${change.path}: ${answer.status} ${answer.text}`);
      await delay(RETRY_AFTER_MS);
      answer = await once(change);
    }
    return answer;
  }

  async function create(path: string, body: object): Promise<string> {
    return idOf(await until200({ method: "POST", path, body }));
  }
  const wide = await create(`${V1}/roles`, { name: "clusters", permissions: WIDE });
  const narrow = await create(`${V1}/roles`, { name: "backups", permissions: NARROW });

  async function resourceFor(name: string, way: Way | null): Promise<string> {
    if (way === "kept to other addresses") return create(LISTS, { name, allow_list: [ADDRESS] });
    return way === "of a narrowed role" ? create(`${V1}/roles`, { name, permissions: WIDE }) : "";
  }

  const keyPath = ({ id }: FleetKey) => `${V1}/api-keys/${id}`;
  return {
    until200,
    async createKey(name, way) {
      const resource = await resourceFor(name, way);
      const role_id = way === "of a narrowed role" ? resource : wide;
      const lists = way === "kept to other addresses" ? { allow_list_info: [resource] } : {};
      const body = { name, expire_after_hours: 0, role_id, ...lists };
      const answer = await once({ method: "POST", path: `${V1}/api-keys`, body });
      if (answer.status !== 200) return null;
      return { name, id: idOf(answer), token: (JSON.parse(answer.text) as { jwt: string }).jwt, way, resource };
    },
    restrictionOf(key) {
      const { name, way, resource } = key;
      if (way === "given another role") return { method: "PATCH", path: keyPath(key), body: { role_id: narrow } };
      if (way === "of a narrowed role")
        return { method: "PUT", path: `${V1}/roles/${resource}`, body: { name, permissions: NARROW } };
      if (way === "kept to other addresses")
        return { method: "PUT", path: `${LISTS}/${resource}`, body: { name, allow_list: [ELSEWHERE] } };
      return { method: "POST", path: `${keyPath(key)}/${way === "revoked" ? "revoke" : "disable"}` };
    },
    restorationOf: (key) => ({ method: "POST", path: `${keyPath(key)}/enable` }),
    async shows(key, isRestored) {
      const { text } = await until200({ method: "GET", path: keyPath(key) });
      const { spec, info } = (JSON.parse(text) as { data: KeyShown }).data;
      if (key.way === "revoked") return info.status === "REVOKED";
      if (key.way === "disabled") return (info.disabled_at_time !== null) === !isRestored;
      if (key.way === "given another role") return spec.role_id === narrow;
      if (key.way === null) return info.status === "ACTIVE";
      const path = key.way === "of a narrowed role" ? `${V1}/roles/${key.resource}` : `${LISTS}/${key.resource}`;
      const shown = (await until200({ method: "GET", path })).text;
      return key.way === "of a narrowed role" ? !shown.includes('"CLUSTER"') : shown.includes(ELSEWHERE);
    },
  };
}

interface KeyShown {
  readonly spec: { readonly role_id: string };
  readonly info: { readonly status: string; readonly disabled_at_time: string | null };
}

const idOf = ({ text }: Answer) => (JSON.parse(text) as { data: { info: { id: string } } }).data.info.id;
