// Our own style: a calm ground, cells and circles. No sprite, no glyphs; an optional base map comes by setting.
import type { FeatureCollection } from "geojson";
import type { StyleSpecification } from "maplibre-gl";

export const COLOURS = {
  ground: "#eef1ee",
  cell: "#ffffff",
  line: "#b9c4bf",
  block: "#2f6f8f",
  chosen: "#b4451f",
};

export interface Basemap {
  tiles: string;
  attribution: string;
}

const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };

export function ownStyle(basemap: Basemap | null): StyleSpecification {
  const style: StyleSpecification = {
    version: 8,
    sources: {
      areas: { type: "geojson", data: EMPTY, promoteId: "code" },
      chosen: { type: "geojson", data: EMPTY },
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
  style.layers.push(
    {
      id: "area-fill",
      type: "fill",
      source: "areas",
      paint: {
        "fill-color": ["case", ["boolean", ["feature-state", "chosen"], false], "#f6e3da", COLOURS.cell],
        "fill-opacity": basemap ? 0.25 : 1,
      },
    },
    {
      id: "area-line",
      type: "line",
      source: "areas",
      paint: {
        "line-color": COLOURS.line,
        "line-width": 1,
      },
    },
    {
      id: "chosen-line",
      type: "line",
      source: "chosen",
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
