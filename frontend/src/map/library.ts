// The map library, with its worker told where it lies.
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import { setWorkerUrl } from "maplibre-gl";

// Without this MapLibre 6 dies with "Worker failed to load" after a build that passed.
setWorkerUrl(workerUrl);
