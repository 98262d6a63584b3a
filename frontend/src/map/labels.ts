// Names and figures over the map as HTML, so that no glyph files are needed and every Chinese character is there.
import { Marker, type Map as MapLibre } from "maplibre-gl";
import type { BlockFeature } from "./api";

const MOST_LABELS = 70;
const SPACE_X_PX = 84;
const SPACE_Y_PX = 40;

export class Labels {
  private markers: Marker[] = [];

  constructor(
    private readonly map: MapLibre,
    private readonly open: (code: string) => void,
  ) {}

  draw(features: BlockFeature[], figureText: (feature: BlockFeature) => string, chosen: string): void {
    this.markers.forEach((marker) => marker.remove());
    this.markers = [];
    const taken: [number, number][] = [];
    for (const feature of features) {
      if (this.markers.length >= MOST_LABELS) break;
      const at = feature.geometry.coordinates as [number, number];
      const { x, y } = this.map.project(at);
      const isChosen = feature.properties.code === chosen;
      const crowded = taken.some(([a, b]) => Math.abs(a - x) < SPACE_X_PX && Math.abs(b - y) < SPACE_Y_PX);
      if (crowded && !isChosen) continue;
      taken.push([x, y]);
      const label = this.label(feature, figureText(feature), isChosen);
      this.markers.push(new Marker({ element: label, anchor: "center" }).setLngLat(at).addTo(this.map));
    }
  }

  private label(feature: BlockFeature, figure: string, isChosen: boolean): HTMLElement {
    const label = document.createElement("button");
    label.type = "button";
    label.className = isChosen ? "map-label is-chosen" : "map-label";
    const name = document.createElement("span");
    name.textContent = feature.properties.name || feature.properties.code;
    const count = document.createElement("b");
    count.textContent = figure;
    label.append(count, name);
    // Because the list beside the map offers the same blocks to the keyboard; seventy more stops would not help.
    label.tabIndex = -1;
    label.addEventListener("click", () => this.open(feature.properties.code));
    return label;
  }
}
