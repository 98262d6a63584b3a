// What the map asks of the server: the children of blocks, with their counts.

import type { Feature, Point } from "geojson";

export interface BlockProperties {
  code: string;
  name: string;
  level: Level;
  parent: string;
  figures: Record<string, number | null>;
  suppressed: string[];
}
export type Level = "district" | "subdistrict" | "community" | "grid" | "building";
export type BlockFeature = Feature<Point, BlockProperties>;
export const LEVELS: Level[] = ["district", "subdistrict", "community", "grid", "building"];

async function read<T>(url: string): Promise<T> {
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return (await answer.json()) as T;
}

async function readOf<T>(base: string, codes: string[]): Promise<T[]> {
  const url = `${base}?${new URLSearchParams({ of: codes.join(",") })}`;
  return (await read<{ features: T[] }>(url)).features;
}

export const readChildren = (base: string, codes: string[]) => readOf<BlockFeature>(base, codes);
