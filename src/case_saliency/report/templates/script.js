// Sort a table by the column whose heading is pressed; rows without a value stay last.
"use strict";
const keyOf = (cell) => cell.dataset.key ?? cell.textContent;
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  headings.forEach((heading, column) => {
    const numeric = heading.classList.contains("numeric");
    heading.querySelector("button").addEventListener("click", () => {
      const descending = heading.getAttribute("aria-sort") === "ascending";
      const key = (row) => keyOf(row.cells[column]);
      const compare = (a, b) => (numeric ? Number(a) - Number(b) : a.localeCompare(b));
      const rows = [...body.rows].sort((a, b) => {
        const [first, second] = [key(a), key(b)];
        if (first === "" || second === "") return (first === "") - (second === "");
        return descending ? compare(second, first) : compare(first, second);
      });
      body.append(...rows);
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
    });
  });
}

// Content that is packed: JSON, compressed by gzip, in base64, in a script element that is no script.
async function unpack(element) {
  const bytes = Uint8Array.from(atob(element.textContent.trim()), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

// A long table is unpacked when it is opened, or downloaded.
for (const packed of document.querySelectorAll("details > script.packed")) {
  const details = packed.parentElement;
  const table = details.querySelector("table.data");
  const numeric = [...table.tHead.rows[0].cells].map((cell) => cell.classList.contains("numeric"));
  let content;
  const load = () => (content ??= unpack(packed));
  const fill = async () => {
    const { rows } = await load();
    if (!details.open || table.tBodies[0].rows.length) return;
    for (const cells of rows) {
      const row = table.tBodies[0].insertRow();
      cells.forEach(([text, key], column) => {
        const cell = row.insertCell();
        cell.textContent = text;
        if (text !== key) cell.dataset.key = key;
        if (numeric[column]) cell.className = "numeric";
      });
    }
  };
  details.addEventListener("toggle", fill);
  if (details.open) fill();
  details.querySelector(".packed-download").addEventListener("click", async (event) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([(await load()).csv], { type: "text/csv" }));
    link.download = event.target.dataset.file;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}

// On paper nothing can be opened: what is short enough is printed open.
let opened = [];
window.addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details.for-print:not([open])")];
  for (const details of opened) details.open = true;
});
window.addEventListener("afterprint", () => {
  for (const details of opened) details.open = false;
});

// A link to something in a closed part opens it, and those around it.
function reveal(identifier) {
  const target = document.getElementById(identifier);
  let opened = false;
  for (let part = target?.closest("details"); part; part = part.parentElement.closest("details")) {
    opened ||= !part.open;
    part.open = true;
  }
  if (opened) target.scrollIntoView();
}
window.addEventListener("hashchange", () => reveal(location.hash.slice(1)));
document.addEventListener("click", ({ target }) => {
  const link = target.closest?.("a[href^='#']");
  if (link) reveal(link.hash.slice(1));
});
reveal(location.hash.slice(1));
