// What every page must have, whoever looks at it with whatever. Returns what is wrong.
const faults = [];
const expect = (holds, fault) => holds || faults.push(fault);
const all = (selector) => [...document.querySelectorAll(selector)];

const page = document.documentElement;
expect(page.scrollWidth <= innerWidth, `scrolls sideways: ${page.scrollWidth} > ${innerWidth}`);
expect(page.lang, "no language");
expect(document.title.length > 3, "no title");
expect(all("main").length === 1, "not one main");
expect(all("main h1").length === 1, "not one heading");
expect(document.querySelector("a[href='#main']"), "no skip link");

const ids = all("[id]").map((element) => element.id);
expect(new Set(ids).size === ids.length, "an id twice");
for (const field of all("input:not([type=hidden]), select, textarea")) {
  expect(field.labels.length, `no label: ${field.name}`);
}
for (const attribute of ["aria-describedby", "aria-labelledby"]) {
  for (const element of all(`[${attribute}]`)) {
    for (const id of element.getAttribute(attribute).split(" ")) {
      expect(document.getElementById(id), `${attribute} names nothing: ${id}`);
    }
  }
}
for (const element of all("button, a")) {
  expect(element.textContent.trim() || element.ariaLabel, `no name: ${element.outerHTML}`);
}
for (const element of all("main button, main .button")) {
  const { height } = element.getBoundingClientRect();
  expect(height === 0 || height >= 32, `too small to press: ${element.textContent.trim()}`);
}
expect(!all("[style], style, script:not([src])").length, "inline style or script");
expect(!page.outerHTML.includes("inv1_") || document.querySelector("#link, .mailbox"), "shows a token");
return faults;
