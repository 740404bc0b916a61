// The endpoints of the account, what each is sent, and the changes of them.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { DeliveryData, EndpointData, EndpointWithSecret, TestedData } from "../../admin/endpoints/schema.ts";
import type { ListOf } from "../../admin/schema.ts";
import { loadList } from "../load-list.ts";
import { useSession } from "../session.ts";

export function useEndpoints() {
  const { api, account } = useSession();
  return useQuery({
    queryKey: ["endpoints"],
    queryFn: ({ signal }) => loadList(`${account}/endpoints`, (path) => api.get<ListOf<EndpointData>>(path, signal)),
  });
}

const SHOWN = 20;

/** The newest deliveries of an endpoint. */
export function useDeliveries(id: string) {
  const { api, account } = useSession();
  return useQuery({
    queryKey: ["deliveries", id],
    queryFn: async ({ signal }) => {
      const path = `${account}/endpoints/${id}/deliveries?limit=${SHOWN}`;
      return (await api.get<ListOf<DeliveryData>>(path, signal)).data;
    },
  });
}

export interface EndpointInput {
  readonly name: string;
  /** Left out: unchanged. */
  readonly url?: string;
  readonly format: string;
  readonly event_types: readonly string[];
}

export function useEndpointChanges() {
  const { api, account } = useSession();
  const client = useQueryClient();
  const pathOf = ({ info }: EndpointData) => `${account}/endpoints/${info.id}`;
  const reload = async () => {
    await Promise.all(["endpoints", "deliveries"].map((name) => client.invalidateQueries({ queryKey: [name] })));
  };
  const change = async (endpoint: EndpointData, body: object) => {
    await api.send("PUT", pathOf(endpoint), body, { "if-match": endpoint.info.etag });
    await reload();
  };
  return {
    /** @returns the secret, which is shown once */
    async create(input: EndpointInput): Promise<string> {
      const created = await api.send<EndpointWithSecret>("POST", `${account}/endpoints`, input);
      await reload();
      return created.secret;
    },
    save: (endpoint: EndpointData, input: EndpointInput) => change(endpoint, input),
    enable: (endpoint: EndpointData, enabled: boolean) => change(endpoint, { enabled }),
    /** @returns the new secret, which is shown once */
    async rotate(endpoint: EndpointData): Promise<string> {
      const rotated = await api.send<EndpointWithSecret>("POST", `${pathOf(endpoint)}/rotate-secret`, {});
      await reload();
      return rotated.secret;
    },
    async test(endpoint: EndpointData): Promise<TestedData> {
      return (await api.send<{ data: TestedData }>("POST", `${pathOf(endpoint)}/test`)).data;
    },
    async redeliver(endpoint: EndpointData, eventId: string): Promise<void> {
      await api.send("POST", `${pathOf(endpoint)}/redeliver`, { event_ids: [eventId] });
      await reload();
    },
    async remove(endpoint: EndpointData): Promise<void> {
      await api.send("DELETE", pathOf(endpoint));
      await reload();
    },
  };
}
