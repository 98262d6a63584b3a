// Names and figures over the map as HTML, so that no glyph files are needed and every Chinese character is there.
import { Marker, type Map as MapLibre } from "maplibre-gl";
import type { BlockFeature } from "./api";

const MOST_LABELS = 70;
const SPACE_Y_PX = 40;
const CHARACTER_PX = 12;
const DIGIT_PX = 7.5;

export interface Label {
  feature: BlockFeature;
  figure: string;
  radius: number;
  isChosen: boolean;
}

const title = (feature: BlockFeature) => feature.properties.name || feature.properties.code;

export class Labels {
  private markers: Marker[] = [];

  constructor(
    private readonly map: MapLibre,
    private readonly open: (code: string) => void,
  ) {}

  /** Labels in the order given, each where no earlier one stands; the chosen block always. */
  draw(labels: Label[]): void {
    this.markers.forEach((marker) => marker.remove());
    this.markers = [];
    const taken: [number, number, number][] = [];
    const chosenFirst = [...labels].sort((one, two) => Number(two.isChosen) - Number(one.isChosen));
    for (const label of chosenFirst) {
      if (this.markers.length >= MOST_LABELS) break;
      const at = label.feature.geometry.coordinates as [number, number];
      const { x, y } = this.map.project(at);
      const half = (CHARACTER_PX * title(label.feature).length + 6) / 2;
      if (taken.some(([a, b, other]) => Math.abs(a - x) < half + other && Math.abs(b - y) < SPACE_Y_PX)) continue;
      taken.push([x, y, half]);
      this.markers.push(new Marker({ element: this.element(label), anchor: "center" }).setLngLat(at).addTo(this.map));
    }
  }

  private element({ feature, figure, radius, isChosen }: Label): HTMLElement {
    const element = document.createElement("button");
    element.type = "button";
    element.className = isChosen ? "map-label is-chosen" : "map-label";
    element.style.width = element.style.height = `${Math.max(24, 2 * radius)}px`;
    const fits = figure.length * DIGIT_PX <= 2 * radius - 6;
    const count = document.createElement("b");
    count.textContent = fits ? figure : "";
    const name = document.createElement("span");
    name.textContent = fits ? title(feature) : `${title(feature)} ${figure}`;
    name.style.top = `calc(50% + ${radius + 1}px)`;
    element.append(count, name);
    // Because the list beside the map offers the same blocks to the keyboard; seventy more stops would not help.
    element.tabIndex = -1;
    element.addEventListener("click", () => this.open(feature.properties.code));
    return element;
  }
}
