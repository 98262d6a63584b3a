// Drawing by single clicks: corners of a polygon, centre and edge of a circle; without a tool a click ticks a block.
// Nothing is dragged (WCAG 2.2, 2.5.7), and every click has a key: the map's middle is a place too.
import type { Feature } from "geojson";
import type { GeoJSONSource, LngLat, Map as MapLibre } from "maplibre-gl";

import { circleAround } from "./circle";

type Corner = [number, number];
const CLOSE_PX = 14;
const LEAST_RADIUS_M = 50;
const METRES_A_DEGREE = 111_320;

function metresBetween([x, y]: Corner, [east, north]: Corner): number {
  const narrowing = Math.cos((y * Math.PI) / 180);
  return Math.hypot((east - x) * narrowing, north - y) * METRES_A_DEGREE;
}

export class DrawTool {
  private tool: "" | "polygon" | "circle" = "";
  private corners: Corner[] = [];
  private readonly form = document.querySelector<HTMLFormElement>("[data-draw-form]");
  private readonly circleForm = document.querySelector<HTMLFormElement>("[data-circle-form]");
  private readonly ticks = [...document.querySelectorAll<HTMLInputElement>("[data-tick-form] input[name=code]")];

  constructor(
    private readonly map: MapLibre,
    private readonly holder: HTMLElement,
    private readonly texts: Record<string, string>,
    private readonly choose: (codes: string[]) => void,
  ) {
    document.querySelector<HTMLElement>("[data-draw-tools]")?.removeAttribute("hidden");
    for (const button of this.buttons("draw")) {
      button.addEventListener("click", () => this.take(button.dataset.draw as "polygon" | "circle"));
    }
    for (const button of this.buttons("draw-act")) {
      button.addEventListener("click", () => this.act(button.dataset.drawAct ?? ""));
    }
    for (const tick of this.ticks) tick.addEventListener("change", () => this.showTicked());
    this.form?.addEventListener("submit", (event) => this.send(event));
    map.on("click", (event) => (this.tool ? this.add(event.lngLat) : undefined));
    map.on("click", "area-fill", (event) => {
      const code: unknown = event.features?.[0]?.properties.code;
      if (!this.tool && typeof code === "string") this.toggle(code);
    });
    map.on("mousemove", "area-fill", (event) => {
      const code: unknown = event.features?.[0]?.properties.code;
      this.holder.title = this.ticks.find((tick) => tick.value === code)?.labels?.[0]?.textContent?.trim() ?? "";
    });
    // Else a double click on a corner would zoom the half-drawn area away.
    map.doubleClickZoom.disable();
    this.showTicked();
  }

  private buttons(attribute: string): HTMLElement[] {
    return [...document.querySelectorAll<HTMLElement>(`[data-${attribute}]`)];
  }

  private toggle(code: string): void {
    const tick = this.ticks.find((one) => one.value === code);
    if (!tick) return;
    tick.checked = !tick.checked;
    tick.scrollIntoView({ block: "nearest" });
    this.showTicked();
  }

  private showTicked(): void {
    this.choose(this.ticks.filter((tick) => tick.checked).map((tick) => tick.value));
  }

  private take(tool: "polygon" | "circle"): void {
    this.tool = this.tool === tool ? "" : tool;
    this.corners = [];
    for (const button of this.buttons("draw")) button.setAttribute("aria-pressed", String(button.dataset.draw === this.tool));
    this.map.getCanvas().style.cursor = this.tool ? "crosshair" : "";
    this.show();
  }

  private act(act: string): void {
    if (act === "back") this.corners.pop();
    if (act === "clear") this.corners = [];
    if (act === "centre") {
      if (!this.tool) this.take("polygon");
      this.add(this.map.getCenter());
      return;
    }
    this.show();
  }

  private add(at: LngLat): void {
    const first = this.corners[0];
    if (this.tool === "polygon" && first && this.corners.length >= 3) {
      const [one, two] = [this.map.project(first), this.map.project(at)];
      // A click on the first corner closes; it adds none.
      if (Math.hypot(one.x - two.x, one.y - two.y) < CLOSE_PX) return this.form?.requestSubmit();
    }
    if (this.tool === "circle" && this.corners.length === 2) this.corners = [];
    this.corners.push([at.lng, at.lat]);
    this.show();
  }

  private get radius(): number {
    const [centre, edge] = this.corners;
    return centre && edge ? Math.max(LEAST_RADIUS_M, Math.round(metresBetween(centre, edge))) : 0;
  }

  private get isEnough(): boolean {
    return this.tool === "circle" ? this.corners.length === 2 : this.corners.length >= 3;
  }

  private show(): void {
    const features: Feature[] = this.corners.map((coordinates) => ({
      type: "Feature",
      geometry: { type: "Point", coordinates },
      properties: { what: "corner" },
    }));
    const [centre] = this.corners;
    if (this.tool === "circle" && centre && this.radius) features.push(circleAround(centre, this.radius));
    else if (this.corners.length > 1) features.push(this.line());
    this.map.getSource<GeoJSONSource>("sketch")?.setData({ type: "FeatureCollection", features });
    const send = document.querySelector<HTMLButtonElement>("[data-draw-send]");
    if (send) send.disabled = !this.isEnough;
    const state = document.querySelector<HTMLElement>("[data-draw-state]");
    if (state) state.textContent = this.stateText();
  }

  private line(): Feature {
    const what = "shape";
    if (this.corners.length < 3) {
      return { type: "Feature", geometry: { type: "LineString", coordinates: this.corners }, properties: { what } };
    }
    return { type: "Feature", geometry: { type: "Polygon", coordinates: [this.ring()] }, properties: { what } };
  }

  private ring(): Corner[] {
    const [first] = this.corners;
    return first ? [...this.corners, first] : [];
  }

  private stateText(): string {
    if (!this.tool) return "";
    if (this.tool === "circle" && this.radius) return `${this.texts["radius"]}: ${this.radius}`;
    const enough = this.isEnough ? ` · ${this.texts["enough"]}` : "";
    return `${this.texts["corners"]}: ${this.corners.length}${enough}`;
  }

  private send(event: Event): void {
    const [centre] = this.corners;
    if (this.tool === "circle" && this.circleForm && centre && this.isEnough) {
      event.preventDefault();
      const values = { centre: "", longitude: centre[0].toFixed(6), latitude: centre[1].toFixed(6), radius_m: String(this.radius) };
      for (const [name, value] of Object.entries(values)) {
        const field = this.circleForm.querySelector<HTMLInputElement>(`[name=${name}]`);
        if (field) field.value = value;
      }
      this.circleForm.requestSubmit();
      return;
    }
    const field = this.form?.querySelector<HTMLInputElement>("[name=shape]");
    if (field && this.isEnough) field.value = JSON.stringify({ type: "Polygon", coordinates: [this.ring()] });
  }
}
