// The names in a permission, made from the segments of a path: `nodePools` is NODE_POOL.

/** Words that end in an s in the singular. */
const SINGULAR = new Set(
  "dns aws tls https sms nfs gcs ecs rds sqs gas ads access address status redis kubernetes prometheus saas paas iaas css bus"
    .concat(" news series species analysis axis basis alias canvas atlas chaos corps lens virus nexus")
    .split(" "),
);
const PLURALS: Readonly<Record<string, string>> = {
  ...{ caches: "cache", aliases: "alias", statuses: "status", indices: "index", buses: "bus", movies: "movie" },
  ...{
    people: "person",
    children: "child",
    vertices: "vertex",
    analyses: "analysis",
    viruses: "virus",
    lenses: "lens",
  },
  ...{ matrices: "matrix", cookies: "cookie", databases: "database", axes: "axis" },
};

/** The words of a segment, in lower case: of `nodePools`, `node-pools` and `node_pools` node and pools. */
export function wordsOf(segment: string): readonly string[] {
  return segment
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .replace(/([a-z\d])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word !== "");
}

/** One word in the singular. */
export function singular(word: string): string {
  const known = PLURALS[word];
  if (known !== undefined) return known;
  if (SINGULAR.has(word) || !word.endsWith("s") || /(?:ss|us|is)$/.test(word)) return word;
  if (word.endsWith("ies") && word.length > 4) return `${word.slice(0, -3)}y`;
  if (/(?:sses|xes|zzes|ches|shes)$/.test(word)) return word.slice(0, -2);
  return word.slice(0, -1);
}

/** Whether the last word of a segment, but for a version behind it, is a plural. */
export function isPlural(segment: string): boolean {
  const noun = nounOf(wordsOf(segment));
  return noun !== undefined && singular(noun) !== noun;
}

/** A segment as a part of the name of a resource: `repositoriesV2` is REPOSITORY_V2. */
export function resourceName(segment: string): string {
  const words = wordsOf(segment);
  const noun = nounOf(words);
  return words
    .map((word) => (word === noun ? singular(word) : word))
    .join("_")
    .toUpperCase();
}

/** A segment as the name of an action: `validate-name` is VALIDATE_NAME. */
export function actionName(segment: string): string {
  return wordsOf(segment).join("_").toUpperCase();
}

function nounOf(words: readonly string[]): string | undefined {
  return words.findLast((word) => !/^v\d+$/.test(word));
}
