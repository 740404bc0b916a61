// An explanation: the decision, the request, and each check in the order of the evaluation.
import { Badge } from "@cloudflare/kumo/components/badge";
import { Banner } from "@cloudflare/kumo/components/banner";
import type { ExplanationData } from "../../admin/explain/schema.ts";
import { PageLink } from "../route.tsx";
import { Fact, Facts, Section } from "../ui/facts.tsx";
import { When } from "../ui/time.tsx";

export function Trace({ explanation }: { readonly explanation: ExplanationData }) {
  const { call, simulated, allow, reason, steps, freshness, now } = explanation;
  const tense = simulated ? "would be" : "was";
  return (
    <div role="status" className="mt-5 flex max-w-3xl flex-col gap-5">
      <h2 className="text-lg font-semibold">Explanation</h2>
      <Banner
        variant={allow ? "default" : "error"}
        title={allow ? `The request ${tense} allowed` : `The request ${tense} denied: ${reason}`}
      />
      <Facts>
        <Fact name="Request">
          <code className="break-all">
            {call.method} {call.path ?? "(path not shown)"}
          </code>
        </Fact>
        <Fact name="Key">
          {call.api_key_id === null ? (
            "No key of this account"
          ) : (
            <PageLink page="keys" id={call.api_key_id} className="text-kumo-link underline">
              {call.api_key_name ?? call.api_key_id}
            </PageLink>
          )}
        </Fact>
        <Fact name="Client address">{call.address ?? "Unknown"}</Fact>
        <Fact name="Evaluated">
          <When at={Date.parse(call.judged_on)} exact />
        </Fact>
        <Fact name="Key record">{describeRecord(freshness)}</Fact>
      </Facts>
      <Section title={simulated ? "Checks" : "Checks at the time of the request"}>
        <Steps steps={steps} />
      </Section>
      {now && (
        <Section title="Checks now">
          <p>{now.allow ? "The same request would be allowed." : `The same request would be denied: ${now.reason}.`}</p>
          <Steps steps={now.steps} />
        </Section>
      )}
    </div>
  );
}

function describeRecord({ source, age_ms, key_version }: ExplanationData["freshness"]): string {
  if (source === null) return "Not looked up";
  const age =
    age_ms === null
      ? ""
      : `, ${age_ms < 1_000 ? "less than a second old" : `${Math.round(age_ms / 1_000)} seconds old`}`;
  return `From ${source}${age}${key_version === null ? "" : `, version ${key_version}`}`;
}

const OUTCOMES = {
  passed: { variant: "success", text: "Passed" },
  refused: { variant: "error", text: "Denied" },
  not_asked: { variant: "neutral", text: "Not evaluated" },
} as const;

function Steps({ steps }: Pick<ExplanationData, "steps">) {
  return (
    <ol className="flex flex-col divide-y divide-kumo-line rounded-lg border border-kumo-line bg-kumo-base">
      {steps.map((step) => (
        <li key={step.check} className="flex flex-col gap-1 px-4 py-3">
          <span className="flex flex-wrap items-center gap-2">
            <span className="font-medium">{step.check.replaceAll("_", " ")}</span>
            <Badge appearance="dot" variant={OUTCOMES[step.outcome].variant}>
              {OUTCOMES[step.outcome].text}
            </Badge>
            {step.reason && <code className="text-sm">{step.reason}</code>}
          </span>
          <span className="break-words">{step.message}</span>
          {Object.keys(step.compared).length > 0 && (
            <details className="text-sm">
              <summary className="cursor-pointer text-kumo-subtle">Compared values</summary>
              <pre className="mt-1 font-mono break-all whitespace-pre-wrap">
                {JSON.stringify(step.compared, null, 2)}
              </pre>
            </details>
          )}
        </li>
      ))}
    </ol>
  );
}
