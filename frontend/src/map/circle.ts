import type { Feature, Polygon } from "geojson";

const SIDES = 64;
const METRES_A_DEGREE = 111_320;

/** A circle on the ground as a polygon. */
export function circleAround([x, y]: [number, number], metres: number): Feature<Polygon> {
  const narrowing = Math.cos((y * Math.PI) / 180);
  const ring = Array.from({ length: SIDES + 1 }, (_, side) => {
    const turn = (2 * Math.PI * side) / SIDES;
    const reach = metres / METRES_A_DEGREE;
    return [x + (reach * Math.cos(turn)) / narrowing, y + reach * Math.sin(turn)];
  });
  return { type: "Feature", geometry: { type: "Polygon", coordinates: [ring] }, properties: { what: "shape" } };
}
