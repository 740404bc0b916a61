// Builds the console and the first-start page into static files that the Worker serves under /console/.
import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

function sourceOf(name: string): string {
  return fileURLToPath(new URL(`src/console/${name}`, import.meta.url));
}

export default defineConfig({
  root: "src/console",
  base: "/console/",
  plugins: [react(), tailwindcss()],
  // Polyfills of module preloading write into the page, which its own policy forbids.
  build: {
    rolldownOptions: { input: ["index.html", "setup.html"].map(sourceOf) },
    outDir: "../../dist/assets/console",
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
  },
});
