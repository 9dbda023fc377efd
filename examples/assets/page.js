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

// A file is read here, into the field that would be pasted into.
for (const picker of document.querySelectorAll("[data-file]")) {
  picker.hidden = false;
  picker.querySelector("input").addEventListener("change", async (change) => {
    const [file] = change.target.files;
    if (file) document.getElementById(picker.dataset.file).value = await file.text();
  });
}

for (const label of document.querySelectorAll("[data-tick-all]")) {
  label.hidden = false;
  label.querySelector("input").addEventListener("change", (change) => {
    for (const box of document.querySelectorAll("input[name=id]")) box.checked = change.target.checked;
  });
}

// What is still moving is looked at again.
async function follow() {
  const shown = document.querySelector("[data-live]");
  if (!shown) return;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
  const newer = page.getElementById(shown.id);
  if (!newer) return;
  shown.replaceChildren(...newer.childNodes);
  shown.toggleAttribute("data-live", newer.hasAttribute("data-live"));
  follow();
}
follow().catch(() => {});

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

// Work of many steps goes on by itself; without this, and for whoever comes back to a step, by its button.
const [{ type }] = performance.getEntriesByType("navigation");
if (type !== "back_forward") document.querySelector("form[data-goes-on]")?.requestSubmit();
