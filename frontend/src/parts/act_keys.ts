// Lists and pages of acts by keyboard: J/K or the arrows walk what is marked `data-walk`, Enter opens its link, and a
// letter takes the act marked `data-key` in the place walked to, else on the page. Forms open; nothing is sent by a letter
// alone but a link or the undo of one's own decision.

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
const places = () => [...document.querySelectorAll<HTMLElement>("[data-walk]")];
const current = () => document.activeElement?.closest<HTMLElement>("[data-walk]") ?? null;

function walk(step: number): boolean {
  const all = places();
  if (all.length === 0) return false;
  const here = current();
  const at = here ? all.indexOf(here) : step > 0 ? -1 : all.length;
  const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
  return true;
}

function take(letter: string): boolean {
  const within = current();
  const wanted = `[data-key="${CSS.escape(letter)}"]`;
  const target =
    within?.querySelector<HTMLElement>(wanted) ??
    (within && document.querySelectorAll(wanted).length > 1 ? null : document.querySelector<HTMLElement>(wanted));
  if (!target) return false;
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.querySelector<HTMLElement>("select, input:not([type=hidden]), button")?.focus();
  } else {
    target.click();
  }
  return true;
}

function leaveForm(target: EventTarget | null): boolean {
  const form = target instanceof Element ? target.closest<HTMLDetailsElement>("details.act[open]") : null;
  if (!form) return false;
  form.open = false;
  const place = form.closest<HTMLElement>("[data-walk]");
  if (place) place.focus();
  else form.querySelector<HTMLElement>("summary")?.focus();
  return true;
}

function press(event: KeyboardEvent): boolean {
  if (event.key === "Escape") return leaveForm(event.target);
  if (isTyping(event.target)) return false;
  if (event.key === "ArrowDown" || event.key === "j") return walk(1);
  if (event.key === "ArrowUp" || event.key === "k") return walk(-1);
  if (event.key === "Enter" && event.target instanceof HTMLElement && event.target.hasAttribute("data-walk")) {
    const link = event.target.querySelector<HTMLAnchorElement>("a[href]");
    link?.click();
    return link !== null;
  }
  return /^[a-z]$/.test(event.key) && take(event.key);
}

export function watchActKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    // A key held down walks on, but takes no act a second time: the next page may offer another one by the same letter.
    if (event.repeat && !/^(Arrow(Up|Down)|[jk])$/.test(event.key)) return;
    if (press(event)) event.preventDefault();
  });
}
