// The library's tree (ARIA tree): arrows walk, right opens, left closes, Enter chooses; branches are fetched when opened.
// Without scripts each entry is a link to its own page, which comes with its branch open.

const NARROW_PX = 760;

const isShown = (item: HTMLElement) => item.offsetParent !== null;
const itemsOf = (tree: HTMLElement) =>
  [...tree.querySelectorAll<HTMLElement>("[role=treeitem]")].filter(isShown);
const groupOf = (item: HTMLElement) => item.querySelector<HTMLElement>(":scope > [role=group]");
const rowOf = (item: HTMLElement) => item.querySelector<HTMLElement>(":scope > .tree-row");

function focus(item: HTMLElement | null | undefined): void {
  if (!item) return;
  const tree = item.closest<HTMLElement>("[role=tree]");
  for (const other of tree?.querySelectorAll<HTMLElement>("[role=treeitem][tabindex='0']") ?? []) other.tabIndex = -1;
  item.tabIndex = 0;
  item.focus();
  rowOf(item)?.scrollIntoView({ block: "nearest" });
}

async function open(item: HTMLElement): Promise<void> {
  const group = groupOf(item);
  if (!group) return;
  item.setAttribute("aria-expanded", "true");
  group.hidden = false;
  const url = group.dataset.children;
  if (!url) return;
  delete group.dataset.children;
  item.setAttribute("aria-busy", "true");
  try {
    await window.htmx.ajax("get", url, { target: group, swap: "innerHTML" });
  } catch {
    // Asked again when it is opened again.
    group.dataset.children = url;
  }
  item.removeAttribute("aria-busy");
}

function close(item: HTMLElement): void {
  const group = groupOf(item);
  if (!group) return;
  item.setAttribute("aria-expanded", "false");
  group.hidden = true;
}

const isOpen = (item: HTMLElement) => item.getAttribute("aria-expanded") === "true";
const parentOf = (item: HTMLElement) => item.parentElement?.closest<HTMLElement>("[role=treeitem]");

function choose(item: HTMLElement): void {
  rowOf(item)?.querySelector<HTMLAnchorElement>("a")?.click();
}

function walk(tree: HTMLElement, item: HTMLElement, event: KeyboardEvent): boolean {
  const all = itemsOf(tree);
  const at = all.indexOf(item);
  switch (event.key) {
    case "ArrowDown":
      focus(all[at + 1]);
      return true;
    case "ArrowUp":
      focus(all[at - 1]);
      return true;
    case "Home":
      focus(all[0]);
      return true;
    case "End":
      focus(all[all.length - 1]);
      return true;
    case "ArrowRight":
      if (isOpen(item)) focus(groupOf(item)?.querySelector<HTMLElement>("[role=treeitem]"));
      else void open(item);
      return true;
    case "ArrowLeft":
      if (isOpen(item)) close(item);
      else focus(parentOf(item));
      return true;
    case "Enter":
    case " ":
      if (item.hasAttribute("data-branch-only")) isOpen(item) ? close(item) : void open(item);
      else choose(item);
      return true;
    default:
      return false;
  }
}

/** The panel shows another entry: its line is marked, its branches opened if the tree has not got so far. */
async function followPanel(): Promise<void> {
  const tree = document.querySelector<HTMLElement>("[role=tree]");
  const path = (document.querySelector<HTMLElement>("[data-library-panel]")?.dataset.path ?? "").split(",");
  const code = path[path.length - 1] ?? "";
  if (!tree || tree.dataset.followed === path.join()) return;
  // On a phone the panel stands below the tree: what was chosen must come into view.
  const isOther = tree.dataset.followed !== undefined;
  if (isOther && window.innerWidth <= NARROW_PX) document.querySelector("#entry-panel")?.scrollIntoView();
  tree.dataset.followed = path.join();
  for (const above of path.slice(0, -1)) {
    const item = itemOf(tree, above);
    if (item && !isOpen(item)) await open(item);
  }
  const chosen = code ? itemOf(tree, code) : null;
  for (const item of tree.querySelectorAll<HTMLElement>("[role=treeitem]")) {
    item.setAttribute("aria-selected", String(item === chosen));
  }
  // A room of a large house lies under its floor.
  for (let up = chosen && parentOf(chosen); up; up = parentOf(up)) if (!isOpen(up)) void open(up);
  if (chosen) showLine(chosen);
}

const itemOf = (tree: HTMLElement, code: string) =>
  tree.querySelector<HTMLElement>(`[role=treeitem][data-code="${CSS.escape(code)}"]`);

/** Within the tree only: the page itself stays where the reader is. */
function showLine(item: HTMLElement): void {
  const tree = item.closest<HTMLElement>("[role=tree]");
  const row = rowOf(item)?.getBoundingClientRect();
  const view = tree?.getBoundingClientRect();
  if (!tree || !row || !view || (row.top >= view.top && row.bottom <= view.bottom)) return;
  tree.scrollTop += row.top - view.top - view.height / 3;
}

export function watchTrees(): void {
  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if (!(target instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.altKey) return;
    const item = target.closest<HTMLElement>("[role=treeitem]");
    const tree = target.closest<HTMLElement>("[role=tree]");
    if (item && tree && walk(tree, item, event)) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const toggle = event.target.closest<HTMLElement>("[data-tree-toggle]");
    const item = event.target.closest<HTMLElement>("[role=treeitem]");
    if (!item) return;
    if (toggle) isOpen(item) ? close(item) : void open(item);
    focus(item);
  });
  document.addEventListener("htmx:afterSettle", () => void followPanel());
  void followPanel();
}
