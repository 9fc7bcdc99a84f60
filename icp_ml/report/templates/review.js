"use strict";
// The page is whole without this: it adds buttons that sort, fields that filter, and opens what a link leads to.
const numberOf = (cell) => parseFloat((cell.textContent.replace(/,/g, "").match(/[-+]?\d[\d.]*/) || [""])[0]);
const made = (name, properties) => Object.assign(document.createElement(name), properties);

function compared(a, b, isNumber) {
  const [x, y] = [a, b].map((cell) => (isNumber ? numberOf(cell) : cell.textContent.trim()));
  const [noX, noY] = [x, y].map((value) => value === "" || Number.isNaN(value));
  if (noX || noY) return { order: noX - noY, isFixed: true };
  return { order: isNumber ? x - y : x.localeCompare(y, "en"), isFixed: false };
}

function sort(table, place) {
  const heads = [...table.tHead.rows[0].cells];
  const isNumber = heads[place].classList.contains("n");
  const before = heads[place].getAttribute("aria-sort");
  const direction = before ? (before === "ascending" ? "descending" : "ascending") : isNumber ? "descending" : "ascending";
  const sign = direction === "ascending" ? 1 : -1;
  const rows = [...table.tBodies[0].rows].sort((a, b) => {
    const { order, isFixed } = compared(a.cells[place], b.cells[place], isNumber);
    return isFixed ? order : sign * order;
  });
  table.tBodies[0].append(...rows);
  heads.forEach((head) => head.removeAttribute("aria-sort"));
  heads[place].setAttribute("aria-sort", direction);
}

function addSorting(table) {
  [...table.tHead.rows[0].cells].forEach((head, place) => {
    const button = made("button", { type: "button", className: "sort", textContent: head.textContent });
    button.addEventListener("click", () => sort(table, place));
    head.replaceChildren(button);
  });
}

function addFilter(frame, table, number) {
  const rows = [...table.tBodies[0].rows];
  const bar = made("div", { className: "filter" });
  const field = made("input", { type: "search", id: `filter-${number}`, autocomplete: "off" });
  const label = made("label", { htmlFor: field.id, textContent: "Show rows with " });
  const count = made("output", { htmlFor: field.id, textContent: `${rows.length} rows` });
  field.setAttribute("aria-label", `Show rows of "${frame.getAttribute("aria-label")}" with`);
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    const shown = rows.filter((row) => !row.hidden).length;
    count.textContent = wanted ? `${shown} of ${rows.length} rows` : `${rows.length} rows`;
  });
  bar.append(label, field, count);
  frame.before(bar);
}

function openTarget() {
  const target = document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) target.open = true;
}

document.querySelectorAll(".sortable").forEach((frame, number) => {
  const table = frame.querySelector("table");
  addSorting(table);
  if (table.tBodies[0].rows.length > 4) addFilter(frame, table, number);
});
window.addEventListener("hashchange", openTarget);
openTarget();
