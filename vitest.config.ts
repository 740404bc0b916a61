import { mkdirSync } from "node:fs";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

// wrangler.toml names it, and the tests of the other rings need no console in it.
mkdirSync("dist/assets", { recursive: true });

// Three rings (CONTRIBUTING.md): core on paper, store in workerd with real D1 and KV, edge over a real socket.
export default defineConfig({
  test: {
    reporters: ["default", "./test/support/closing-line.ts"],
    projects: [
      { test: { name: "core", include: ["test/core/**/*.test.ts", "test/gateway/**/*.test.ts"], environment: "node" } },
      {
        plugins: [
          cloudflareTest(async () => ({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: {
                TEST_MIGRATIONS: await readD1Migrations("./migrations"),
                KEY_RING: "{}",
                IDENTITY_KEYS: "{}",
              },
            },
          })),
        ],
        test: {
          name: "store",
          include: ["test/store/**/*.test.ts"],
          setupFiles: ["./test/store/setup.ts"],
          isolate: false,
        },
      },
      {
        test: {
          name: "edge",
          include: ["test/edge/**/*.test.ts"],
          environment: "node",
          globalSetup: ["./test/support/build-worker.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          // Every file starts a workerd of its own, and there may be two cores only.
          maxWorkers: 2,
          // Behind the other rings: Vitest runs projects with different numbers of workers one after the other only.
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          environment: "node",
          globalSetup: ["./test/browser/setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
        },
      },
    ],
  },
});
