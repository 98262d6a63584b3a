// The maps of blocks, of areas and of the address library. Tiles, points and counts come from our own server alone.
import "maplibre-gl/dist/maplibre-gl.css";
import "./style/map.css";

const ISLANDS: Record<string, () => Promise<new (holder: HTMLElement) => unknown>> = {
  "data-block-map": async () => (await import("./map/block_map")).BlockMap,
  "data-library-map": async () => (await import("./map/library_map")).LibraryMap,
  "data-area-map": async () => (await import("./map/area_map")).AreaMap,
};

// The page is read and used before the map library (300 KB) is there; charts come last.
async function begin(): Promise<void> {
  for (const [attribute, load] of Object.entries(ISLANDS)) {
    const holder = document.querySelector<HTMLElement>(`[${attribute}]`);
    if (!holder) continue;
    try {
      const [Island] = await Promise.all([load(), import("./map/library")]);
      new Island(holder);
    } catch {
      // No WebGL, or a line that broke: the list beside the map does everything the map does.
      holder.dataset.mapState = "unavailable";
    }
  }
}

function whenMapIsDrawn(then: () => void): void {
  const holder = document.querySelector<HTMLElement>("[data-block-map]");
  if (!holder || holder.dataset.mapState) return then();
  const watch = new MutationObserver(() => {
    watch.disconnect();
    then();
  });
  watch.observe(holder, { attributeFilter: ["data-map-state"] });
}

void begin();
whenMapIsDrawn(() => void import("./chart"));
