// Builds the console into static files that the Worker serves under /console/.
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  root: "src/console",
  base: "/console/",
  plugins: [react(), tailwindcss()],
  // Polyfills of module preloading write into the page, which its own policy forbids.
  build: {
    outDir: "../../dist/assets/console",
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
  },
});
