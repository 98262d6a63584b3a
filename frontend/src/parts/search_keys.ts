// `/` goes to the search box; arrows walk the hits; Enter opens; Escape closes (ARIA combobox).

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
    close();
  } else if (event.key === "ArrowDown" && all.length > 0) {
    event.preventDefault();
    mark((at + 1) % all.length);
  } else if (event.key === "ArrowUp" && all.length > 0) {
    event.preventDefault();
    mark((at - 1 + all.length) % all.length);
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
    const inside = event.target instanceof Element && event.target.closest("[data-search]");
    if (!inside) close();
  });
}
