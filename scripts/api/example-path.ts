// A path that an operation matches, made from the examples of its document.
import { exampleValue } from "./examples.ts";
import type { ImportedOperation } from "./import.ts";

/** What a plain path holds as it is, of what encodeURIComponent encodes. */
const PLAIN = /%(?:2[146BC]|3[AD]|40)/g;

/**
 * A path for an operation, with a value that its format allows for every parameter without an example.
 *
 * @param own whether to take the examples of the document where it has one
 */
export function examplePath({ path, examples, formats = {} }: ImportedOperation, own: boolean): string {
  return path.replace(/\{([\w-]+)(?:\.\.\.)?\}/g, (_, name: string) => {
    const example = own ? examples[name] : undefined;
    if (example === undefined) return exampleValue(formats[name]);
    return encodeURIComponent(example).replaceAll(PLAIN, decodeURIComponent);
  });
}
