// How the address library is drawn: outlines and cells, gaps and overlaps, buildings. Colour is never the only sign:
// gaps are solid, overlaps dashed, points outside their community carry a ring; the page lists all of them in words.
import type { FeatureCollection } from "geojson";
import type { ExpressionSpecification, StyleSpecification } from "maplibre-gl";

import { COLOURS, type Basemap } from "./style";

export const SIGNS = {
  gap: "#c02a1d",
  overlap: "#e07b00",
  outside: "#9b2318",
  ended: "#8d9a94",
};
// Neighbouring proposals differ in ground and carry their number; eight grounds are enough for any planar picture.
const GROUNDS = ["#cfe3ea", "#f3dfc1", "#d6e8cf", "#ead3e4", "#f0ecc0", "#cdd6ee", "#f1d2cb", "#d9ece9"];

const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };
const isKind = (kind: string): ExpressionSpecification => ["==", ["get", "kind"], kind];
const chosen: ExpressionSpecification = ["boolean", ["feature-state", "chosen"], false];
const ground: ExpressionSpecification = [
  "match",
  ["%", ["to-number", ["get", "part"], 0], GROUNDS.length],
  ...GROUNDS.flatMap((colour, place) => [place, colour]),
  COLOURS.cell,
] as unknown as ExpressionSpecification;

export function libraryStyle(basemap: Basemap | null): StyleSpecification {
  const style: StyleSpecification = {
    version: 8,
    sources: { shapes: { type: "geojson", data: EMPTY, promoteId: "key" } },
    layers: [{ id: "ground", type: "background", paint: { "background-color": COLOURS.ground } }],
  };
  if (basemap) {
    style.sources.basemap = { type: "raster", tiles: [basemap.tiles], tileSize: 256, attribution: basemap.attribution };
    style.layers.push({ id: "basemap", type: "raster", source: "basemap", paint: { "raster-opacity": 0.7 } });
  }
  style.layers.push(
    {
      id: "proposal-fill",
      type: "fill",
      source: "shapes",
      filter: isKind("proposal"),
      paint: { "fill-color": ground, "fill-opacity": basemap ? 0.5 : 1 },
    },
    {
      id: "area-fill",
      type: "fill",
      source: "shapes",
      filter: ["any", isKind("outline"), isKind("cell")],
      paint: { "fill-color": ["case", chosen, "#f6e3da", COLOURS.cell], "fill-opacity": basemap ? 0.25 : 0.6 },
    },
    {
      id: "cell-line",
      type: "line",
      source: "shapes",
      filter: isKind("cell"),
      paint: { "line-color": COLOURS.line, "line-width": 1 },
    },
    {
      id: "proposal-line",
      type: "line",
      source: "shapes",
      filter: isKind("proposal"),
      layout: { "line-join": "round" },
      paint: { "line-color": COLOURS.block, "line-width": 2 },
    },
    {
      id: "outline-line",
      type: "line",
      source: "shapes",
      filter: isKind("outline"),
      layout: { "line-join": "round" },
      paint: { "line-color": "#44505c", "line-width": ["case", chosen, 3, 1.5] },
    },
    {
      id: "gap-fill",
      type: "fill",
      source: "shapes",
      filter: isKind("gap"),
      paint: { "fill-color": SIGNS.gap, "fill-opacity": 0.35 },
    },
    { id: "gap-line", type: "line", source: "shapes", filter: isKind("gap"), paint: { "line-color": SIGNS.gap, "line-width": 2 } },
    {
      id: "overlap-fill",
      type: "fill",
      source: "shapes",
      filter: isKind("overlap"),
      paint: { "fill-color": SIGNS.overlap, "fill-opacity": 0.4 },
    },
    {
      id: "overlap-line",
      type: "line",
      source: "shapes",
      filter: isKind("overlap"),
      paint: { "line-color": SIGNS.overlap, "line-width": 2, "line-dasharray": [2, 1.5] },
    },
    {
      id: "old-line",
      type: "line",
      source: "shapes",
      filter: isKind("old"),
      paint: { "line-color": "#7a4a00", "line-width": 2, "line-dasharray": [3, 2] },
    },
    {
      id: "points",
      type: "circle",
      source: "shapes",
      filter: ["any", isKind("point"), isKind("outside")],
      paint: {
        "circle-radius": [
          "interpolate",
          ["linear"],
          ["zoom"],
          13,
          ["case", chosen, 6, 3],
          18,
          ["case", chosen, 9, 6],
        ],
        "circle-color": [
          "case",
          chosen,
          COLOURS.chosen,
          isKind("outside"),
          "#ffffff",
          ["boolean", ["get", "ended"], false],
          SIGNS.ended,
          COLOURS.block,
        ],
        "circle-stroke-color": ["case", isKind("outside"), SIGNS.outside, "#ffffff"],
        "circle-stroke-width": ["case", isKind("outside"), 3, 1],
      },
    },
  );
  return style;
}

export const CLICKED = ["points", "gap-fill", "overlap-fill", "proposal-fill", "area-fill"];
