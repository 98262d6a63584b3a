// The form of a split: one choice for all that are not assigned yet. Without scripts each has its own choice.

export function watchAssigning(): void {
  document.addEventListener("change", (event) => {
    const all = event.target;
    if (!(all instanceof HTMLSelectElement) || !all.matches("[data-assign-all]") || all.value === "") return;
    for (const one of all.closest("[data-assign]")?.querySelectorAll<HTMLSelectElement>("td select") ?? []) {
      if (one.value === "") one.value = all.value;
    }
    all.value = "";
  });
}
