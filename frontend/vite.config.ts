import { defineConfig } from "vite";

// Everything lands in Django's static folder; pages find the hashed names through manifest.json.
export default defineConfig({
  base: "/static/built/",
  publicDir: false,
  build: {
    outDir: "../kuai/web/static/built",
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "es2022",
    // Because an inlined asset would need `data:` in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // MapLibre and ECharts are big whatever we do; they load on the pages that show a map or chart only.
    chunkSizeWarningLimit: 1300,
    rolldownOptions: {
      // htmx carries an eval that app.ts switches off and our policy forbids.
      checks: { eval: false },
      input: { app: "src/app.ts", map: "src/map.ts", chart: "src/chart.ts" },
    },
  },
  worker: { format: "es" },
});
