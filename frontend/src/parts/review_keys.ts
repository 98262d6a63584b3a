// Reviews: J same, K different, U unsure, Z withdraw. Each key presses a button that is on the page, so that what keys
// do can be seen and done without them. Never while somebody types, never with a modifier, and it can be switched off.

const STORED = "kuai-review-keys";
const TYPING = "input, textarea, select, [contenteditable], dialog[open] *";

function areOn(): boolean {
  try {
    return localStorage.getItem(STORED) !== "off";
  } catch {
    return true;
  }
}

function showSwitch(button: HTMLButtonElement): void {
  const on = areOn();
  button.hidden = false;
  button.setAttribute("aria-pressed", String(on));
  document.querySelector("[data-review]")?.classList.toggle("keys-are-off", !on);
}

export function watchReviewKeys(): void {
  const review = document.querySelector<HTMLElement>("[data-review]");
  if (!review) return;
  const button = review.querySelector<HTMLButtonElement>("[data-review-switch]");
  if (button) {
    showSwitch(button);
    button.addEventListener("click", () => {
      try {
        localStorage.setItem(STORED, areOn() ? "off" : "on");
      } catch {
        return;
      }
      showSwitch(button);
    });
  }
  let pressed = false;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.repeat || event.isComposing) return;
    if (!areOn() || pressed || (event.target as HTMLElement).closest?.(TYPING)) return;
    const key = event.key.toLowerCase();
    if (!/^[jkuz]$/.test(key)) return;
    const wanted = review.querySelector<HTMLButtonElement>(`[data-review-key="${key}"]`);
    if (!wanted) return;
    event.preventDefault();
    // One answer a page: a second key before the next question has come would answer nothing anybody saw.
    pressed = true;
    wanted.click();
  });
  window.addEventListener("pageshow", () => {
    pressed = false;
  });
  // The next question follows at once: whoever works by ear hears it.
  if (document.referrer.includes("/reviews/") && !location.hash) {
    review.querySelector<HTMLElement>("[data-review-title]")?.focus({ preventScroll: true });
  }
}
