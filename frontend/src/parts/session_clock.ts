// Two minutes before the session ends, say so; afterwards, say that it has ended. The server decides, not we.

const WARN_BEFORE_S = 120;

export function watchSession(): void {
  const notice = document.querySelector<HTMLElement>("[data-session-seconds]");
  if (!notice) return;
  const seconds = Number(notice.dataset.sessionSeconds);
  if (!Number.isFinite(seconds) || seconds <= 0) return;
  let timers: number[] = [];
  const show = (part: string) => {
    notice.hidden = false;
    for (const text of notice.querySelectorAll<HTMLElement>("[data-when]")) {
      text.hidden = text.dataset.when !== part;
    }
  };
  const restart = () => {
    timers.forEach((timer) => window.clearTimeout(timer));
    notice.hidden = true;
    timers = [
      window.setTimeout(() => show("soon"), Math.max(0, seconds - WARN_BEFORE_S) * 1000),
      window.setTimeout(() => show("ended"), seconds * 1000),
    ];
  };
  // Each answer of the server prolongs the session.
  document.addEventListener("htmx:afterRequest", restart);
  restart();
}
