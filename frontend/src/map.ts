// The maps of blocks and of the address library. Points and counts come from our own API; there is no glyph, sprite or tile from elsewhere.
import "maplibre-gl/dist/maplibre-gl.css";
import "./style/map.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import { setWorkerUrl } from "maplibre-gl";
import { BlockMap } from "./map/block_map";
import { LibraryMap } from "./map/library_map";

// Without this MapLibre 6 dies with "Worker failed to load" after a build that passed.
setWorkerUrl(workerUrl);

const ISLANDS = { "data-block-map": BlockMap, "data-library-map": LibraryMap };

for (const [attribute, Island] of Object.entries(ISLANDS)) {
  const holder = document.querySelector<HTMLElement>(`[${attribute}]`);
  if (!holder) continue;
  try {
    new Island(holder);
  } catch {
    // No WebGL: the list beside the map does everything the map does.
    holder.dataset.mapState = "unavailable";
  }
}
