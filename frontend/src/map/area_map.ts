// The map of areas: shows one, lets one be drawn by single clicks or ticked, or shows squares of requests.
import type { FeatureCollection, Point } from "geojson";
import { LngLatBounds, Map as MapLibre, Marker, NavigationControl, ScaleControl, type GeoJSONSource } from "maplibre-gl";

import { circleAround } from "./circle";
import { DrawTool } from "./draw_tool";
import { PanButtons } from "./pan_buttons";
import { codeIn, COLOURS, ownStyle, showLevel, type Basemap } from "./style";

const NARROW_PX = 700;
const NEAREST_ZOOM = 18;
const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };

export class AreaMap {
  private readonly map: MapLibre;

  constructor(private readonly holder: HTMLElement) {
    const texts = JSON.parse(holder.dataset.texts ?? "{}") as Record<string, string>;
    const basemap = JSON.parse(holder.dataset.basemap ?? "null") as Basemap | null;
    this.map = new MapLibre({
      container: holder,
      style: ownStyle(basemap, holder.dataset.tilesUrl ?? ""),
      attributionControl: basemap ? {} : false,
      maxZoom: NEAREST_ZOOM,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      cooperativeGestures: window.innerWidth < NARROW_PX,
      locale: texts,
      ...this.startingView(),
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new PanButtons(texts), "top-right");
    this.map.addControl(new ScaleControl({ unit: "metric" }), "bottom-left");
    this.map.on("load", () => this.draw(texts));
  }

  private startingView() {
    const numbers = (this.holder.dataset.bounds ?? "").split(",").map(Number);
    return numbers.length === 4 && numbers.every(Number.isFinite)
      ? { bounds: numbers as [number, number, number, number], fitBoundsOptions: { padding: 40, maxZoom: NEAREST_ZOOM } }
      : { center: [114.05, 22.6] as [number, number], zoom: 9 };
  }

  private draw(texts: Record<string, string>): void {
    showLevel(this.map, this.holder.dataset.level ?? "grid");
    this.addLayers();
    this.showDrawn();
    this.showSquares();
    this.choose((this.holder.dataset.chosen ?? "").split(",").filter(Boolean));
    if (this.holder.dataset.drawing) new DrawTool(this.map, this.holder, texts, (codes) => this.choose(codes));
    this.holder.dataset.mapState = "ready";
  }

  private addLayers(): void {
    for (const source of ["drawn", "squares", "sketch"]) this.map.addSource(source, { type: "geojson", data: EMPTY });
    const line = { "line-color": COLOURS.chosen, "line-width": 2.5 };
    this.map.addLayer({
      id: "squares",
      type: "fill",
      source: "squares",
      paint: {
        "fill-color": ["interpolate", ["linear"], ["get", "step"], 0, "#f2efe6", 1, "#fbe3c0", 5, "#a3320b"],
        "fill-opacity": 0.75,
        "fill-outline-color": "#7d2a0c",
      },
    });
    for (const source of ["drawn", "sketch"]) {
      const isArea = ["match", ["geometry-type"], ["Polygon", "MultiPolygon"], true, false] as const;
      const isShape = ["all", isArea, ["!=", ["get", "what"], "cell"]];
      this.map.addLayer({
        id: `${source}-fill`,
        type: "fill",
        source,
        filter: isShape as never,
        paint: { "fill-color": COLOURS.chosen, "fill-opacity": 0.14 },
      });
      this.map.addLayer({ id: `${source}-line`, type: "line", source, filter: ["!=", ["get", "what"], "cell"], paint: line });
      this.map.addLayer({
        id: `${source}-cell`,
        type: "line",
        source,
        filter: ["==", ["get", "what"], "cell"],
        paint: { "line-color": COLOURS.block, "line-width": 1.2, "line-dasharray": [3, 2] },
      });
      this.map.addLayer({
        id: `${source}-corner`,
        type: "circle",
        source,
        filter: ["==", ["get", "what"], "corner"],
        paint: { "circle-radius": 6, "circle-color": "#ffffff", "circle-stroke-color": COLOURS.chosen, "circle-stroke-width": 2.5 },
      });
    }
  }

  private showDrawn(): void {
    const drawn = JSON.parse(this.holder.dataset.drawn ?? "null") as FeatureCollection | null;
    if (!drawn) return;
    const features = drawn.features.map((feature) => {
      const told = feature.properties ?? {};
      if (told["what"] !== "circle") return feature;
      return circleAround((feature.geometry as Point).coordinates as [number, number], Number(told["metres"]));
    });
    this.map.getSource<GeoJSONSource>("drawn")?.setData({ ...drawn, features });
  }

  private showSquares(): void {
    const squares = JSON.parse(this.holder.dataset.squares ?? "null") as FeatureCollection | null;
    if (!squares) return;
    this.map.getSource<GeoJSONSource>("squares")?.setData(squares);
    for (const { geometry, properties } of squares.features) {
      if (geometry.type !== "Polygon" || !properties?.["label"]) continue;
      const box = new LngLatBounds();
      geometry.coordinates[0]?.forEach((corner) => box.extend(corner as [number, number]));
      const element = document.createElement("span");
      element.className = "square-label";
      element.textContent = String(properties["label"]);
      new Marker({ element }).setLngLat(box.getCenter()).addTo(this.map);
    }
  }

  private choose(codes: string[]): void {
    for (const layer of ["chosen-fill", "chosen-cell", "chosen-line"]) this.map.setFilter(layer, codeIn(codes));
    this.holder.dataset.chosenCount = String(codes.length);
  }
}
