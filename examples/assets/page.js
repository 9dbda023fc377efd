// What the pages do beyond plain HTML. All of them work without it, links with a fragment aside.

// A link `/invitation#token=…`: the token goes into the same cookie as that of a mailed link.
function openFragment() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (location.pathname !== "/invitation" || !token) return;
  history.replaceState(null, "", "/invitation");
  document.getElementById("main").replaceChildren(document.getElementById("loading").content.cloneNode(true));
  fetch("/invitation/open", { method: "POST", body: new URLSearchParams({ token }) })
    .finally(() => location.replace("/invitation"));
}
openFragment();
addEventListener("hashchange", openFragment);

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    const status = document.getElementById(button.dataset.status);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      status.textContent = "Copied.";
    } catch {
      status.textContent = "Selected: copy it with your keyboard.";
    }
  });
}

// A confirmation is a page of its own; here it opens in place.
const dialog = document.querySelector("dialog");
dialog.addEventListener("close", () => dialog.replaceChildren());
for (const link of document.querySelectorAll("a[data-dialog]")) {
  link.addEventListener("click", async (click) => {
    if (click.ctrlKey || click.metaKey || click.shiftKey) return;
    click.preventDefault();
    try {
      const page = new DOMParser().parseFromString(await (await fetch(link.href)).text(), "text/html");
      dialog.replaceChildren(...page.querySelector("[data-confirm]").children);
      dialog.querySelector("[data-dismiss]").addEventListener("click", (dismiss) => {
        dismiss.preventDefault();
        dialog.close();
      });
      dialog.showModal();
    } catch {
      location.assign(link.href);
    }
  });
}

// One press, one request.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (submit) => {
    if (form.dataset.sent) submit.preventDefault();
    form.dataset.sent = "yes";
    submit.submitter?.setAttribute("aria-busy", "true");
  });
}
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => {
  delete form.dataset.sent;
  form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
}));
