// Which blocks the map shows: loads children as one comes nearer, and picks the level that fits the view.
import { LEVELS, readChildren, type BlockFeature, type Level } from "./api";

export type View = [west: number, south: number, east: number, north: number];

// With three or fewer blocks of a level in view, the next level down says more. Tried on the sample district.
const TOO_FEW_IN_VIEW = 3;
const MOST_PARENTS_A_REQUEST = 40;

export function widened(view: View, by: number): View {
  const [west, south, east, north] = view;
  const across = (east - west) * by;
  const upwards = (north - south) * by;
  return [west - across, south - upwards, east + across, north + upwards];
}

function within(view: View, feature: BlockFeature): boolean {
  const [x, y] = feature.geometry.coordinates as [number, number];
  return x >= view[0] && x <= view[2] && y >= view[1] && y <= view[3];
}

export class ShownBlocks {
  private readonly known = new Map<string, BlockFeature>();
  private readonly asked = new Set<string>();

  constructor(private readonly childrenUrl: string) {}

  /** Nothing asked for so far has a place. */
  get isEmpty(): boolean {
    return this.known.size === 0;
  }

  inView(level: Level, view: View): BlockFeature[] {
    return [...this.known.values()].filter((one) => one.properties.level === level && within(view, one));
  }

  /** Loads what is missing and answers the level to draw: `wanted`, or the one that fits, from `least` downwards. */
  async settle(view: View, wanted: Level | null, least: Level): Promise<Level> {
    await this.ask([""]);
    let shown: Level = "district";
    for (const level of LEVELS) {
      const here = this.inView(level, view);
      const around = this.inView(level, widened(view, 1));
      if (around.length > 0) shown = level;
      if (level === wanted) return level;
      const isDeepEnough = LEVELS.indexOf(level) >= LEVELS.indexOf(least);
      if (wanted === null && isDeepEnough && here.length > TOO_FEW_IN_VIEW) return level;
      if (around.length > MOST_PARENTS_A_REQUEST * 4) return shown;
      await this.ask(around.map((one) => one.properties.code));
    }
    return shown;
  }

  /** Loads the children of `codes`, once each. */
  async ask(codes: string[]): Promise<void> {
    const fresh = codes.filter((code) => !this.asked.has(code));
    for (let start = 0; start < fresh.length; start += MOST_PARENTS_A_REQUEST) {
      const some = fresh.slice(start, start + MOST_PARENTS_A_REQUEST);
      const features = await readChildren(this.childrenUrl, some);
      for (const feature of features) this.known.set(feature.properties.code, feature);
      some.forEach((code) => this.asked.add(code));
    }
  }
}
