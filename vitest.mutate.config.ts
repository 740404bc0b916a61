// What mutants are put before: the plain-Node ring alone, with shorter random runs, since every survivor runs all of it.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/{core,config,gateway,differential}/**/*.test.ts"],
    exclude: [
      // It starts other servers.
      "test/differential/path-servers.test.ts",
    ],
    // Mutated sources are slower.
    testTimeout: 30_000,
    env: { ORACLE_CALLS: "4000", HEADER_ROUNDS: "300", RANDOM_SHARE: "0.05" },
  },
});
