// Arrow keys walk a floor plan from room to room; Tab still reaches each of them.

const STEPS: Record<string, [number, number]> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
};

export function watchPlanKeys(): void {
  document.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    const cell = (event.target as HTMLElement).closest<HTMLTableCellElement>("[data-plan] td");
    const row = cell?.closest("tr");
    if (!step || !cell || !row || event.ctrlKey || event.altKey || event.metaKey) return;
    const rows = [...(row.parentElement?.children ?? [])] as HTMLTableRowElement[];
    const there = rows[rows.indexOf(row) + step[0]];
    const cells = there?.cells;
    if (!cells) return;
    const at = Math.min(cell.cellIndex + step[1], cells.length - 1);
    const link = cells[at]?.querySelector("a");
    if (!link) return;
    event.preventDefault();
    link.focus();
  });
}
