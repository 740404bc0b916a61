// `npm run fleet`: takes two minutes and both cores, so it is no part of `npm test`.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: { "#api": fileURLToPath(new URL("api/aeon/api.ts", import.meta.url)) } },
  test: {
    include: ["test/fleet/**/*.test.ts"],
    environment: "node",
    reporters: ["default", "./test/support/closing-line.ts"],
  },
});
