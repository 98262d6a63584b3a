// On synthetic stores: a click on a role fills in its login.

export function fillDemoLogins(): void {
  document.addEventListener("click", (event) => {
    const button =
      event.target instanceof Element && event.target.closest<HTMLElement>("[data-demo-user]");
    if (!button) return;
    const user = document.querySelector<HTMLInputElement>("#id_username");
    const secret = document.querySelector<HTMLInputElement>("#id_password");
    if (!user || !secret) return;
    user.value = button.dataset.demoUser ?? "";
    secret.value = button.dataset.demoPassword ?? "";
    for (const other of document.querySelectorAll("[data-demo-user]")) {
      other.setAttribute("aria-pressed", String(other === button));
    }
    document.querySelector<HTMLButtonElement>("[data-login-button]")?.focus();
  });
}
