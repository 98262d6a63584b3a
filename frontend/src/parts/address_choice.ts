// One address explained: Enter washes, numbers choose a candidate, the other place has suggestions.

interface Suggestion {
  code: string;
  label: string;
  text: string;
  fill: string;
  within: string;
  next: string;
}

const WAIT_MS = 180;

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && !isChoice(target);
}

function isChoice(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement && target.type === "radio";
}

function sendOnEnter(form: HTMLFormElement): void {
  const text = form.querySelector("textarea");
  text?.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
}

function watchChoices(form: HTMLFormElement): void {
  const choices = [...form.querySelectorAll<HTMLInputElement>("input[type=radio]")];
  const other = form.querySelector<HTMLElement>("[data-other-place]");
  const showOther = () => {
    const isOther = choices.at(-1)?.checked ?? false;
    if (other) other.hidden = !isOther;
  };
  form.addEventListener("change", showOther);
  document.addEventListener("keydown", (event) => {
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!/^[0-9]$/.test(event.key)) return;
    const chosen = event.key === "0" ? choices.at(-1) : choices[Number(event.key) - 1];
    if (!chosen) return;
    event.preventDefault();
    chosen.checked = true;
    chosen.focus();
    showOther();
  });
  showOther();
}

function watchSuggestions(box: HTMLInputElement, list: HTMLElement, url: string): void {
  let waiting = 0;
  let asked = "";
  let found: Suggestion[] = [];
  const close = () => {
    list.hidden = true;
    list.replaceChildren();
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  };
  // A building has a code and rooms behind it: it is taken, and its rooms are offered.
  const take = (position: number) => {
    const one = found[position];
    if (!one) return;
    box.value = one.code || one.fill;
    if (one.next) void ask(one.code ? "" : one.fill, one.within).catch(close);
    else close();
  };
  const show = () => {
    list.replaceChildren(
      ...found.map((one, index) => {
        const option = document.createElement("li");
        option.id = `${list.id}-${index + 1}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.textContent = one.text || one.label;
        option.addEventListener("mousedown", (event) => {
          event.preventDefault();
          take(index);
        });
        return option;
      }),
    );
    list.hidden = found.length === 0;
    box.setAttribute("aria-expanded", String(found.length > 0));
  };
  // In the body, because what is typed may be somebody's name and addresses are logged.
  const ask = async (text: string, within: string) => {
    asked = `${within} ${text}`;
    const wanted = asked;
    const answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ q: text, within, limit: 8 }),
    });
    if (!answer.ok || asked !== wanted) return;
    found = ((await answer.json()) as { items: Suggestion[] }).items;
    show();
  };
  box.addEventListener("input", () => {
    window.clearTimeout(waiting);
    const text = box.value.trim();
    if (text.length < 2 || /^[0-9]{8,}$/.test(text)) return close();
    waiting = window.setTimeout(() => void ask(text, "").catch(close), WAIT_MS);
  });
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (event) => {
    const options = [...list.querySelectorAll<HTMLElement>("[role=option]")];
    const at = options.findIndex((one) => one.getAttribute("aria-selected") === "true");
    if (event.key === "Escape") close();
    if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      take(at);
    }
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && options.length > 0) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : options.length - 1;
      const next = options[at < 0 && step !== 1 ? options.length - 1 : (at + step) % options.length];
      options.forEach((one) => one.setAttribute("aria-selected", String(one === next)));
      if (next) box.setAttribute("aria-activedescendant", next.id);
    }
  });
}

export function watchAddressChoice(): void {
  const washing = document.querySelector<HTMLFormElement>("[data-wash-form]");
  if (washing) sendOnEnter(washing);
  document.querySelector<HTMLElement>("[data-wash-answer]")?.focus({ preventScroll: true });
  const confirming = document.querySelector<HTMLFormElement>("[data-confirm-form]");
  if (confirming) watchChoices(confirming);
  for (const box of document.querySelectorAll<HTMLInputElement>("input[data-suggest-url]")) {
    const list = document.getElementById(box.getAttribute("aria-controls") ?? "");
    if (box.dataset.suggestUrl && list) watchSuggestions(box, list, box.dataset.suggestUrl);
  }
}
