import type { IControl, Map as MapLibre } from "maplibre-gl";

const PAN_PX = 160;
const still = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Four buttons that move the map: nobody has to drag (WCAG 2.2, 2.5.7). */
export class PanButtons implements IControl {
  private element?: HTMLElement;

  constructor(private readonly texts: Record<string, string>) {}

  onAdd(map: MapLibre): HTMLElement {
    this.element = document.createElement("div");
    this.element.className = "maplibregl-ctrl maplibregl-ctrl-group map-pan";
    const ways: [string, string, [number, number]][] = [
      ["north", "↑", [0, -PAN_PX]],
      ["west", "←", [-PAN_PX, 0]],
      ["east", "→", [PAN_PX, 0]],
      ["south", "↓", [0, PAN_PX]],
    ];
    for (const [name, sign, by] of ways) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = sign;
      button.title = this.texts[name] ?? name;
      button.setAttribute("aria-label", button.title);
      button.addEventListener("click", () => map.panBy(by, { animate: !still() }));
      this.element.append(button);
    }
    return this.element;
  }

  onRemove(): void {
    this.element?.remove();
  }
}
