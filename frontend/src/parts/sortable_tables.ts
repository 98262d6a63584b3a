// Tables with [data-sortable]: a heading's button sorts by its column; cells may carry data-sort (a number or text).

function keyOf(row: HTMLTableRowElement, column: number): string {
  const cell = row.cells[column];
  return cell?.dataset.sort ?? cell?.textContent?.trim() ?? "";
}

function compare(left: string, right: string): number {
  // Without a figure (suppressed, unknown) a row sorts last, whichever way.
  const a = Number(left);
  const b = Number(right);
  if (left !== "" && right !== "" && !Number.isNaN(a) && !Number.isNaN(b)) return a - b;
  return left.localeCompare(right, "zh-Hans-CN", { numeric: true });
}

function sort(heading: HTMLTableCellElement): void {
  const body = heading.closest("table")?.tBodies[0];
  if (!body) return;
  const downwards = heading.getAttribute("aria-sort") === "descending";
  const direction = downwards ? 1 : -1;
  for (const other of heading.parentElement?.children ?? []) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", downwards ? "ascending" : "descending");
  const rows = [...body.rows];
  rows.sort((one, two) => {
    const left = keyOf(one, heading.cellIndex);
    const right = keyOf(two, heading.cellIndex);
    if (left === "" || right === "") return left === right ? 0 : left === "" ? 1 : -1;
    return direction * compare(left, right);
  });
  body.append(...rows);
}

export function watchSortableTables(): void {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-sortable] th button");
    const heading = button && button.closest("th");
    if (heading) sort(heading);
  });
}
