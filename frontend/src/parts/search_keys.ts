// `/` goes to the search box; arrows, Home and End walk the hits; Enter opens; Escape and Tab close (ARIA combobox).

const box = () => document.querySelector<HTMLInputElement>("[data-search-box]");
const list = () => document.querySelector<HTMLElement>("[data-search-hits]");
const hits = () => [...document.querySelectorAll<HTMLElement>("[data-search-hits] [role=option]")];

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

function mark(position: number): void {
  const all = hits();
  all.forEach((hit, index) => hit.setAttribute("aria-selected", String(index === position)));
  const chosen = all[position];
  if (chosen) {
    box()?.setAttribute("aria-activedescendant", chosen.id);
    chosen.scrollIntoView({ block: "nearest" });
  } else {
    box()?.removeAttribute("aria-activedescendant");
  }
}

function close(): void {
  const hitList = list();
  if (hitList) hitList.replaceChildren();
  box()?.setAttribute("aria-expanded", "false");
}

function walk(event: KeyboardEvent): void {
  const all = hits();
  const at = all.findIndex((hit) => hit.getAttribute("aria-selected") === "true");
  if (event.key === "Escape") {
    // First the list goes, then what was typed: one key must not lose both.
    if (all.length > 0) event.preventDefault();
    close();
  } else if (event.key === "ArrowDown" && all.length > 0) {
    event.preventDefault();
    mark((at + 1) % all.length);
  } else if (event.key === "ArrowUp" && all.length > 0) {
    event.preventDefault();
    mark((at - 1 + all.length) % all.length);
  } else if ((event.key === "Home" || event.key === "End") && at >= 0) {
    event.preventDefault();
    mark(event.key === "Home" ? 0 : all.length - 1);
  } else if (event.key === "Tab") {
    close();
  } else if (event.key === "Enter" && at >= 0) {
    event.preventDefault();
    all[at]?.querySelector<HTMLAnchorElement>("a")?.click();
  }
}

export function watchSearchKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return; // A Chinese input method owns the arrows and Enter while composing.
    if (event.target === box()) return walk(event);
    if (event.key === "/" && !isTyping(event.target) && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      box()?.focus();
      box()?.select();
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target === list()) {
      box()?.setAttribute("aria-expanded", String(hits().length > 0));
    }
  });
  document.addEventListener("click", (event) => {
    // A name that several buildings share goes back into the box: the list then shows its buildings.
    const again =
      event.target instanceof Element && event.target.closest<HTMLElement>("[data-search-ask]");
    const input = box();
    if (again && input) {
      event.preventDefault();
      input.value = again.dataset.searchAsk ?? "";
      input.focus();
      input.dispatchEvent(new Event("input", { bubbles: true }));
      return;
    }
    const inside = event.target instanceof Element && event.target.closest("[data-search]");
    if (!inside) close();
  });
}
