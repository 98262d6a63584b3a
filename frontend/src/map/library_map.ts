// The map of the address library: draws what the panel beside it asks for, and opens what is clicked.
// The panel says `data-library-panel` (key), `data-shapes-url` and `data-chosen`; any page may carry one.
import type { Feature, Geometry } from "geojson";
import { LngLatBounds, Map as MapLibre, Marker, NavigationControl, ScaleControl, type GeoJSONSource } from "maplibre-gl";

import { CLICKED, libraryStyle } from "./library_style";
import { PanButtons } from "./pan_buttons";
import type { Basemap } from "./style";

interface ShapeProperties {
  key: string;
  kind: string;
  code: string;
  name: string;
  level: string;
  label_at?: [number, number];
}
type Shape = Feature<Geometry, ShapeProperties>;
type Box = [number, number, number, number];
interface Shapes {
  bounds: Box | null;
  features: Shape[];
}

const NEAREST_ZOOM = 18;
const NARROW_PX = 700;
const MOST_NAMES = 60;
const NAME_ZOOM = 15.5;
const CHARACTER_PX = 12;
// What one sees around one building, in degrees: some 100 m to each side.
const AROUND_POINT = 0.001;
const still = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

function boxOf(geometry: Geometry): Box {
  const box = new LngLatBounds();
  const walk = (part: unknown): void => {
    if (!Array.isArray(part)) return;
    if (typeof part[0] === "number") box.extend(part as [number, number]);
    else part.forEach(walk);
  };
  walk("coordinates" in geometry ? geometry.coordinates : []);
  const [west, south, east, north] = box.toArray().flat() as Box;
  const around = geometry.type === "Point" ? AROUND_POINT : 0;
  return [west - around, south - around, east + around, north + around];
}

export class LibraryMap {
  private readonly map: MapLibre;
  private readonly texts: Record<string, string>;
  private shapes: Shapes = { bounds: null, features: [] };
  private names: Marker[] = [];
  private drawnUrl = "";
  private chosen = "";
  private isLoaded = false;

  constructor(private readonly holder: HTMLElement) {
    this.texts = JSON.parse(holder.dataset.texts ?? "{}") as Record<string, string>;
    const basemap = JSON.parse(holder.dataset.basemap ?? "null") as Basemap | null;
    this.map = new MapLibre({
      container: holder,
      style: libraryStyle(basemap),
      attributionControl: basemap ? {} : false,
      maxZoom: NEAREST_ZOOM + 1,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      cooperativeGestures: window.innerWidth < NARROW_PX,
      locale: this.texts,
      center: [114.05, 22.6],
      zoom: 9,
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new PanButtons(this.texts), "top-right");
    this.map.addControl(new ScaleControl({ unit: "metric" }), "bottom-left");
    this.map.on("load", () => {
      this.isLoaded = true;
      void this.follow();
    });
    this.map.on("moveend", () => this.drawNames());
    this.map.on("click", (event) => this.openAt(event.point));
    for (const layer of CLICKED) {
      this.map.on("mouseenter", layer, () => (this.map.getCanvas().style.cursor = "pointer"));
      this.map.on("mouseleave", layer, () => (this.map.getCanvas().style.cursor = ""));
    }
    document.addEventListener("htmx:afterSettle", () => void this.follow());
    document.addEventListener("htmx:historyRestore", () => void this.follow());
    document.addEventListener("click", (event) => this.showOnMap(event));
  }

  private panel(): HTMLElement | null {
    return document.querySelector<HTMLElement>("[data-library-panel]");
  }

  /** The panel has changed: fetch its shapes if they are others, mark its entry, go there. */
  private async follow(): Promise<void> {
    const panel = this.panel();
    if (!panel || !this.isLoaded) return;
    const url = panel.dataset.shapesUrl ?? "";
    const chosen = panel.dataset.chosen ?? "";
    if (url === this.drawnUrl && chosen === this.chosen) return;
    const isOther = url !== this.drawnUrl;
    this.drawnUrl = url;
    this.chosen = chosen;
    try {
      if (isOther) this.shapes = url ? await this.read(url) : { bounds: null, features: [] };
      if (url !== this.drawnUrl) return;
      this.draw();
      this.goToChosen(isOther, panel.dataset.libraryPanel === chosen);
      this.holder.dataset.mapState = this.shapes.features.length > 0 ? "ready" : "empty";
      this.holder.dataset.shown = panel.dataset.libraryPanel ?? "";
      this.map.resize();
    } catch {
      this.holder.dataset.mapState = "offline";
    }
  }

  private async read(url: string): Promise<Shapes> {
    const answer = await fetch(url, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    return (await answer.json()) as Shapes;
  }

  private goTo(bounds: Box): void {
    this.map.fitBounds(bounds, { padding: 40, maxZoom: NEAREST_ZOOM, animate: !still() });
  }

  /** What is chosen inside the drawn area, else the whole of it. */
  private goToChosen(isOther: boolean, isEntryItself: boolean): void {
    const chosen = isEntryItself ? this.shapes.features.find((shape) => shape.properties.code === this.chosen) : undefined;
    const isWhole = chosen === undefined || this.drawnUrl.includes(`/${this.chosen}/`);
    if (!isWhole) this.goTo(boxOf(chosen.geometry));
    else if (isOther && this.shapes.bounds) this.goTo(this.shapes.bounds);
  }

  private draw(): void {
    this.map
      .getSource<GeoJSONSource>("shapes")
      ?.setData({ type: "FeatureCollection", features: this.shapes.features });
    for (const { properties } of this.shapes.features) {
      this.map.setFeatureState(
        { source: "shapes", id: properties.key },
        { chosen: properties.code !== "" && properties.code === this.chosen },
      );
    }
    this.drawNames();
  }

  /** Names of areas always, of buildings from near by; each where no earlier one stands. */
  private drawNames(): void {
    this.names.forEach((marker) => marker.remove());
    this.names = [];
    const isNear = this.map.getZoom() >= NAME_ZOOM;
    const taken: [number, number, number][] = [];
    const view = this.map.getBounds();
    for (const shape of this.shapes.features) {
      if (this.names.length >= MOST_NAMES) break;
      const { label_at: at, name, code } = shape.properties;
      const isChosen = code !== "" && code === this.chosen;
      if (!at || !name || !view.contains(at)) continue;
      if (shape.properties.level === "building" && !isNear && !isChosen) continue;
      const { x, y } = this.map.project(at);
      const half = (CHARACTER_PX * name.length) / 2 + 4;
      if (!isChosen && taken.some(([a, b, other]) => Math.abs(a - x) < half + other && Math.abs(b - y) < 18)) continue;
      taken.push([x, y, half]);
      this.names.push(this.nameMarker(shape, at, isChosen));
    }
  }

  private nameMarker(shape: Shape, at: [number, number], isChosen: boolean): Marker {
    const element = document.createElement("div");
    element.className = isChosen ? "map-name is-chosen" : "map-name";
    element.textContent = shape.properties.name;
    const isPoint = shape.geometry.type === "Point";
    return new Marker({ element, anchor: isPoint ? "top" : "center", offset: isPoint ? [0, 8] : [0, 0] })
      .setLngLat(at)
      .addTo(this.map);
  }

  private openAt(point: { x: number; y: number }): void {
    const around: [[number, number], [number, number]] = [
      [point.x - 6, point.y - 6],
      [point.x + 6, point.y + 6],
    ];
    for (const layer of CLICKED) {
      const box = layer === "points" ? around : ([point.x, point.y] as [number, number]);
      const hit = this.map.queryRenderedFeatures(box, { layers: [layer] })[0];
      const properties = hit?.properties as ShapeProperties | undefined;
      if (!properties) continue;
      if (properties.code) this.open(properties.code);
      else this.point(properties.key);
      return;
    }
  }

  private open(code: string): void {
    const pattern = this.holder.dataset.openUrl;
    if (!pattern || code === this.chosen) return;
    const url = pattern.replace("CODE", encodeURIComponent(code));
    void window.htmx
      .ajax("get", url, { target: "#entry-panel", select: "#entry-panel", swap: "outerHTML" })
      .then(() => window.history.pushState({}, "", url));
  }

  /** A gap or overlap was clicked: its line in the list. */
  private point(key: string): void {
    const line = document.querySelector<HTMLElement>(`[data-shape="${CSS.escape(key)}"]`);
    line?.scrollIntoView({ block: "nearest" });
    line?.focus();
  }

  /** A line of the list: the map goes there. */
  private showOnMap(event: Event): void {
    const button = event.target instanceof Element && event.target.closest<HTMLElement>("[data-show-on-map]");
    const numbers = button ? (button.dataset.showOnMap ?? "").split(",").map(Number) : [];
    if (numbers.length !== 4 || !numbers.every(Number.isFinite)) return;
    this.goTo(numbers as Box);
    this.holder.scrollIntoView({ block: "nearest" });
  }
}
