// The bytes on their way to the server: size refused before sending, then a progress bar. Without scripts the form works too.

function refuse(form: HTMLFormElement, sentence: string): void {
  const notice = form.querySelector<HTMLElement>("[data-upload-refusal]");
  if (!notice) return;
  notice.textContent = sentence;
  notice.hidden = sentence === "";
}

function send(form: HTMLFormElement): void {
  const part = form.querySelector<HTMLElement>("[data-upload-progress]");
  const bar = part?.querySelector("progress");
  const text = part?.querySelector("[data-upload-percent]");
  const button = form.querySelector<HTMLButtonElement>("button");
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable || !bar || !text) return;
    bar.value = (100 * event.loaded) / event.total;
    text.textContent = `${Math.floor(bar.value)}%`;
  });
  request.addEventListener("load", () => {
    // A good upload was redirected to its own page; a refused one came back as the form with its reasons.
    if (request.status < 400) {
      window.location.assign(request.responseURL);
      return;
    }
    const answer = new DOMParser().parseFromString(request.responseText, "text/html");
    const main = answer.querySelector("main");
    const own = document.querySelector("main");
    if (main && own) own.replaceWith(main);
    else window.location.reload();
  });
  request.addEventListener("error", () => {
    if (part) part.hidden = true;
    if (button) button.disabled = false;
    refuse(form, form.dataset.offline ?? "");
  });
  if (part) part.hidden = false;
  if (button) button.disabled = true;
  request.send(new FormData(form));
}

export function watchUploads(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.matches("[data-upload-form]")) return;
    event.preventDefault();
    const file = form.querySelector<HTMLInputElement>("input[type=file]")?.files?.[0];
    const tooLarge = file && file.size > Number(form.dataset.limitBytes);
    refuse(form, tooLarge ? (form.dataset.tooLarge ?? "") : "");
    if (!tooLarge) send(form);
  });
}
