// `npm run fleet`: takes two minutes and both cores, so it is no part of `npm test`.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/fleet/**/*.test.ts"],
    environment: "node",
    reporters: ["default", "./test/support/closing-line.ts"],
  },
});
