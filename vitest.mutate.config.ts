// The tests that each mutant runs: those in plain Node, with shorter random runs, since a surviving mutant runs all of them.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: { "#api": fileURLToPath(new URL("api/aeon/api.ts", import.meta.url)) } },
  test: {
    include: ["test/{core,config,gateway,differential}/**/*.test.ts"],
    exclude: [
      // This file starts other servers.
      "test/differential/path-servers.test.ts",
    ],
    // Mutated sources are slower.
    testTimeout: 30_000,
    env: { ORACLE_CALLS: "4000", HEADER_ROUNDS: "300", RANDOM_SHARE: "0.05" },
  },
});
