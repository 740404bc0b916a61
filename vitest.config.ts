import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

// wrangler.toml names the directory; only the browser tests need the console in it.
mkdirSync("dist/assets", { recursive: true });

// The tests are of Gatehouse with Aeon's API, whatever api/index.ts exports: here, and in every process that they start.
process.env.WRANGLER_BUILD_CONDITIONS = "aeon,workerd,worker,browser";
process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ""} --conditions=aeon`.trim();
const resolve = { alias: { "#api": fileURLToPath(new URL("api/aeon/api.ts", import.meta.url)) } };

// Four kinds of test (CONTRIBUTING.md): unit, integration in workerd with real D1 and KV, end to end over a socket, browser.
export default defineConfig({
  test: {
    reporters: ["default", "./test/support/closing-line.ts"],
    projects: [
      {
        resolve,
        test: {
          name: "unit",
          include: ["test/{core,config,gateway,differential,repo}/**/*.test.ts"],
          environment: "node",
        },
      },
      {
        resolve,
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
          name: "integration",
          include: ["test/{store,worker}/**/*.test.ts"],
          setupFiles: ["./test/store/setup.ts"],
          isolate: false,
          // The first request that Gatehouse serves itself loads its modules, which takes seconds on a busy machine.
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        resolve,
        test: {
          name: "end-to-end",
          include: ["test/{end-to-end,transparency,compat,fuzz}/**/*.test.ts"],
          environment: "node",
          globalSetup: ["./test/support/build-worker.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          // Every file starts a workerd of its own, and there may be two cores only.
          maxWorkers: 2,
          // After the unit and integration tests: Vitest does not run projects with different numbers of workers side by side.
          sequence: { groupOrder: 1 },
        },
      },
      {
        resolve,
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
