// Our own style: a calm ground, cells and circles. No sprite, no glyphs; an optional base map comes by setting.
import type { FeatureCollection } from "geojson";
import type { FilterSpecification, Map as MapLibre, StyleSpecification } from "maplibre-gl";

export const COLOURS = {
  ground: "#eef1ee",
  cell: "#ffffff",
  line: "#b9c4bf",
  faint: "#d5dcd8",
  block: "#2f6f8f",
  chosen: "#b4451f",
  chosenGround: "#f6e3da",
};

// Tiles are drawn to this zoom; nearer ones are enlarged.
const NEAREST_TILE = 16;

export interface Basemap {
  tiles: string;
  attribution: string;
}

const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };

/** The ground of all maps: areas by level, cells of buildings, what is chosen. `tiles`: an address with {z}/{x}/{y}. */
export function ownStyle(basemap: Basemap | null, tiles: string): StyleSpecification {
  const style: StyleSpecification = {
    version: 8,
    sources: {
      tiles: { type: "vector", tiles: [window.location.origin + tiles], minzoom: 0, maxzoom: NEAREST_TILE },
      blocks: { type: "geojson", data: EMPTY, promoteId: "code" },
    },
    layers: [{ id: "ground", type: "background", paint: { "background-color": COLOURS.ground } }],
  };
  if (basemap) {
    style.sources.basemap = {
      type: "raster",
      tiles: [basemap.tiles],
      tileSize: 256,
      attribution: basemap.attribution,
    };
    style.layers.push({
      id: "basemap",
      type: "raster",
      source: "basemap",
      paint: { "raster-saturation": -0.6, "raster-opacity": 0.7 },
    });
  }
  const nothing = codeIs("");
  const area = { source: "tiles", "source-layer": "area" } as const;
  const cell = { source: "tiles", "source-layer": "cell" } as const;
  style.layers.push(
    {
      id: "area-fill",
      type: "fill",
      ...area,
      filter: levelIs("district"),
      paint: { "fill-color": COLOURS.cell, "fill-opacity": basemap ? 0.25 : 1 },
    },
    {
      id: "chosen-fill",
      type: "fill",
      ...area,
      filter: nothing,
      paint: { "fill-color": COLOURS.chosenGround, "fill-opacity": basemap ? 0.4 : 1 },
    },
    {
      id: "chosen-cell",
      type: "fill",
      ...cell,
      filter: nothing,
      paint: { "fill-color": COLOURS.chosenGround, "fill-opacity": basemap ? 0.4 : 1 },
    },
    { id: "cell-line", type: "line", ...cell, paint: { "line-color": COLOURS.faint, "line-width": 0.7 } },
    {
      id: "area-line",
      type: "line",
      ...area,
      filter: levelIs("district"),
      paint: { "line-color": COLOURS.line, "line-width": 1 },
    },
    {
      id: "chosen-line",
      type: "line",
      ...area,
      filter: nothing,
      layout: { "line-join": "round" },
      paint: { "line-color": COLOURS.chosen, "line-width": 2.5 },
    },
    {
      id: "blocks",
      type: "circle",
      source: "blocks",
      paint: {
        "circle-radius": ["get", "radius"],
        "circle-color": ["case", ["boolean", ["feature-state", "chosen"], false], COLOURS.chosen, COLOURS.block],
        "circle-opacity": ["case", ["get", "known"], 0.92, 0.4],
        "circle-stroke-color": "#ffffff",
        "circle-stroke-width": 1.5,
      },
    },
  );
  return style;
}

export const levelIs = (level: string): FilterSpecification => ["==", ["get", "level"], level];
export const codeIs = (code: string): FilterSpecification => ["==", ["get", "code"], code];
export const codeIn = (codes: string[]): FilterSpecification => ["in", ["get", "code"], ["literal", codes]];

/** The ground under a level: its own areas; under buildings those of the grids, with the buildings' cells. */
export function showLevel(map: MapLibre, level: string): void {
  const ground = level === "building" ? "grid" : level;
  map.setFilter("area-fill", levelIs(ground));
  map.setFilter("area-line", levelIs(ground));
  map.setLayoutProperty("cell-line", "visibility", level === "building" ? "visible" : "none");
}
