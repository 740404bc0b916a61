// Builds the console and the first-start page into static files that the Worker serves under /console/.
import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

function sourceOf(name: string): string {
  return fileURLToPath(new URL(`src/console/${name}`, import.meta.url));
}

/** An icon comes with the paths of six weights. The console shows one, and Kumo's checkboxes a bold one: the others are left out. */
const iconWeights: Plugin = {
  name: "icon-weights",
  transform: {
    filter: { id: /@phosphor-icons\/react\/dist\/defs\// },
    handler(code, id) {
      const shown = /\/(?:Check|Minus)\./.test(id) ? "regular|bold" : "regular";
      return code.replaceAll(new RegExp(`^ {2}\\[\n {4}"(?!${shown})\\w+",\n[\\s\\S]*?^ {2}\\],?\n`, "gm"), "");
    },
  },
};

export default defineConfig({
  root: "src/console",
  base: "/console/",
  plugins: [react(), tailwindcss(), iconWeights],
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
