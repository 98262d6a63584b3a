// The island itself: one map, one panel beside it; either may choose the block.
import {
  Map as MapLibre,
  NavigationControl,
  ScaleControl,
  type GeoJSONSource,
} from "maplibre-gl";
import { LEVELS, type BlockFeature, type Level } from "./api";
import { Labels } from "./labels";
import { ShownBlocks, widened, type View } from "./shown_blocks";
import { codeIs, ownStyle, showLevel, type Basemap } from "./style";

const NEAREST_ZOOM = 18;
const NARROW_PX = 700;
const MOST_WIDTHS = 4;
const still = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

interface Texts {
  [key: string]: string;
}

export class BlockMap {
  private readonly map: MapLibre;
  private readonly blocks: ShownBlocks;
  private readonly labels: Labels;
  private readonly texts: Texts;
  private counter: string;
  private wantedLevel: Level | null = null;
  private chosen = "";
  private shown: BlockFeature[] = [];
  private round = 0;

  constructor(private readonly holder: HTMLElement) {
    this.texts = JSON.parse(holder.dataset.texts ?? "{}") as Texts;
    this.counter = holder.dataset.counter ?? "rooms";
    this.blocks = new ShownBlocks(holder.dataset.childrenUrl ?? "");
    const basemap = JSON.parse(holder.dataset.basemap ?? "null") as Basemap | null;
    this.map = new MapLibre({
      container: holder,
      style: ownStyle(basemap, holder.dataset.tilesUrl ?? ""),
      attributionControl: basemap ? {} : false,
      maxZoom: NEAREST_ZOOM + 1,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      cooperativeGestures: window.innerWidth < NARROW_PX,
      locale: this.texts,
      ...this.startingView(),
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new ScaleControl({ unit: "metric" }), "bottom-left");
    this.labels = new Labels(this.map, (code) => this.open(code));
    this.listen();
    this.follow(false);
  }

  private listen(): void {
    this.map.on("load", () => void this.refresh());
    this.map.on("moveend", () => void this.refresh());
    this.map.on("click", "blocks", (event) => {
      const code: unknown = event.features?.[0]?.properties.code;
      if (typeof code === "string") this.open(code);
    });
    this.map.on("mouseenter", "blocks", () => (this.map.getCanvas().style.cursor = "pointer"));
    this.map.on("mouseleave", "blocks", () => (this.map.getCanvas().style.cursor = ""));
    document.addEventListener("htmx:afterSettle", () => this.follow(true));
    document.addEventListener("htmx:historyRestore", () => this.follow(true));
    for (const select of document.querySelectorAll<HTMLSelectElement>("[data-map-setting]")) {
      select.addEventListener("change", () => this.applySetting(select));
    }
  }

  private applySetting(select: HTMLSelectElement): void {
    if (select.dataset.mapSetting === "level") this.wantedLevel = (select.value || null) as Level | null;
    else this.counter = select.value;
    void this.refresh();
  }

  private panel(): HTMLElement | null {
    return document.querySelector<HTMLElement>("[data-block-panel]");
  }

  private bounds(): View | null {
    const numbers = (this.panel()?.dataset.bounds ?? "").split(",").map(Number);
    return numbers.length === 4 && numbers.every(Number.isFinite)
      ? (numbers as View)
      : null;
  }

  private startingView() {
    const bounds = this.bounds();
    return bounds
      ? { bounds, fitBoundsOptions: { padding: 48, maxZoom: NEAREST_ZOOM } }
      : { center: [114.05, 22.6] as [number, number], zoom: 9 };
  }

  /** The panel has changed: mark its block and go there. */
  private follow(move: boolean): void {
    const code = this.panel()?.dataset.blockPanel ?? "";
    if (code === this.chosen) return;
    this.chosen = code;
    const bounds = this.bounds();
    if (move && bounds) {
      this.map.fitBounds(bounds, { padding: 48, maxZoom: NEAREST_ZOOM, animate: !still() });
    }
    if (move) void this.refresh();
  }

  private open(code: string): void {
    const url = (this.holder.dataset.openUrl ?? "").replace("CODE", encodeURIComponent(code));
    void window.htmx
      .ajax("get", url, { target: "#block-panel", select: "#block-panel", swap: "outerHTML" })
      .then(() => window.history.pushState({}, "", url));
  }

  private view(): View {
    const bounds = this.map.getBounds();
    return [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
  }

  private async refresh(): Promise<void> {
    const round = ++this.round;
    const view = this.view();
    try {
      await this.blocks.ask((this.panel()?.dataset.path ?? "").split(","));
      const level = await this.blocks.settle(view, this.wantedLevel, this.leastLevel(view));
      // A later move has overtaken this one.
      if (round !== this.round) return;
      this.shown = this.blocks.inView(level, widened(view, 0.3));
      this.draw();
      showLevel(this.map, level);
      for (const layer of ["chosen-fill", "chosen-cell", "chosen-line"]) {
        this.map.setFilter(layer, codeIs(this.chosen));
      }
      this.holder.dataset.mapState = this.blocks.isEmpty ? "empty" : "ready";
      this.holder.dataset.shownLevel = level;
    } catch {
      this.holder.dataset.mapState = "offline";
    }
  }

  /** While the chosen block fills a good part of the view, what lies in it is shown. */
  private leastLevel(view: View): Level {
    const bounds = this.bounds();
    const level = this.panel()?.dataset.level as Level | undefined;
    if (!bounds || !level || view[2] - view[0] > MOST_WIDTHS * (bounds[2] - bounds[0])) return "district";
    return LEVELS[Math.min(LEVELS.indexOf(level) + 1, LEVELS.length - 1)] ?? "district";
  }

  private figure(feature: BlockFeature): number {
    return feature.properties.figures[this.counter] ?? 0;
  }

  private figureText(feature: BlockFeature): string {
    if (feature.properties.suppressed.includes(this.counter)) return this.texts["few"] ?? "<10";
    const figure = feature.properties.figures[this.counter];
    return figure === undefined || figure === null ? "–" : figure.toLocaleString();
  }

  private radius(feature: BlockFeature, most: number): number {
    const [least, range] = feature.properties.level === "building" ? [5, 9] : [9, 19];
    return least + range * Math.sqrt(this.figure(feature) / most);
  }

  private draw(): void {
    const most = Math.max(1, ...this.shown.map((feature) => this.figure(feature)));
    const drawn = this.shown.map((feature) => ({
      ...feature,
      properties: {
        code: feature.properties.code,
        known: this.figure(feature) > 0,
        radius: this.radius(feature, most),
      },
    }));
    this.map.getSource<GeoJSONSource>("blocks")?.setData({ type: "FeatureCollection", features: drawn });
    for (const { properties } of this.shown) {
      this.map.setFeatureState({ source: "blocks", id: properties.code }, { chosen: properties.code === this.chosen });
    }
    const biggestFirst = [...this.shown].sort((one, two) => this.figure(two) - this.figure(one));
    this.labels.draw(
      biggestFirst.map((feature) => ({
        feature,
        figure: this.figureText(feature),
        radius: this.radius(feature, most),
        isChosen: feature.properties.code === this.chosen,
      })),
    );
  }
}
