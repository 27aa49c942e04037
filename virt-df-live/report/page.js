
"use strict";
/* Filters and sorts what stands in the page. It makes no markup of a name: rows are only moved. */

document.documentElement.className = "loading"; /* or the rows would be laid out again and again while they arrive */
document.addEventListener("DOMContentLoaded", () => {
  document.documentElement.className = "";
  const filter = document.getElementById("filter");
  const order = document.getElementById("order");
  const views = Array.from(document.querySelectorAll("input[name=view]"));

  const tables = Array.from(document.querySelectorAll("section > table"), table => {
    const headings = Array.from(table.tHead.rows[0].cells);
    return {
      table, headings, use: headings.findIndex(heading => heading.classList.contains("use")),
      rows: Array.from(table.querySelectorAll("tbody tr"), element => ({ element, text: null, key: null })),
    };
  });
  const current = () => tables[views.findIndex(view => view.checked)];

  /* --- rows --- */

  function groupOf(rows) {
    const group = document.createElement("tbody");
    for (const row of rows)
      group.append(row.element);
    group.style.setProperty("--rows", rows.length);
    return group;
  }

  /* The rows that fit are put into groups, which cost nothing while they are out of sight; the others are hidden. */
  function arrange(view, fits) {
    const shown = [], others = [], groups = [];

    for (const row of view.rows)
      (fits(row) ? shown : others).push(row);
    for (const body of Array.from(view.table.tBodies))
      body.remove();
    for (let at = 0; at < shown.length; at += 50)
      groups.push(groupOf(shown.slice(at, at + 50)));
    const rest = groupOf(others);
    rest.hidden = true;
    view.table.append(...groups, rest);
    return shown.length;
  }

  /* --- filter --- */

  function keyOf(row, column) {
    const cell = row.element.cells[column];
    return cell.dataset.key ?? cell.textContent;
  }

  function textOf(row) {
    if (row.text === null) {
      let cell = row.element.firstElementChild, text = cell.title;
      for (; cell; cell = cell.nextElementSibling)
        text += "\n" + cell.textContent;
      row.text = text.toLowerCase();
    }
    return row.text;
  }

  function makeTest(view, word) {
    const above = /^>(\d+(?:\.\d+)?)%?$/.exec(word);
    if (above && view.use >= 0)
      return row => Number(keyOf(row, view.use)) > Number(above[1]);
    return row => textOf(row).includes(word);
  }

  function applyFilter() {
    const view = current();
    const tests = filter.value.toLowerCase().split(/\s+/).filter(word => word).map(word => makeTest(view, word));
    const shown = arrange(view, row => tests.every(test => test(row)));

    document.getElementById("shown").textContent =
      (shown < view.rows.length ? shown.toLocaleString("en") + " of " : "") + view.rows.length.toLocaleString("en") + " rows";
  }

  /* --- order --- */

  /* Empty cells come last, whatever the direction; rows that are equal stay as they are. */
  function sortBy(view, column, descending) {
    const numeric = view.headings[column].classList.contains("n");
    const sign = descending ? -1 : 1;
    const compare = numeric ? (a, b) => a - b : new Intl.Collator("en", { numeric: true }).compare;

    for (const row of view.rows) {
      const key = keyOf(row, column);
      row.key = numeric && key !== "" ? Number(key) : key;
    }
    view.rows.sort(({ key: x }, { key: y }) => (x === "") - (y === "") || (x === "" ? 0 : sign * compare(x, y)));
    applyFilter();
    view.headings.forEach((heading, index) => {
      if (index === column)
        heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else
        heading.removeAttribute("aria-sort");
    });
  }

  function turn(view, column) {
    const before = view.headings[column].getAttribute("aria-sort");
    const numbers = view.headings[column].classList.contains("n");
    sortBy(view, column, before ? before === "ascending" : numbers);
    offerOrders();
  }

  /* A phone shows no headings. */
  function offerOrders() {
    const view = current();
    order.replaceChildren(...view.headings.map((heading, index) => {
      const option = new Option("Sort by " + heading.textContent, index);
      option.selected = heading.hasAttribute("aria-sort");
      return option;
    }));
  }

  for (const view of tables)
    view.headings.forEach((heading, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      button.addEventListener("click", () => turn(view, index));
      heading.append(button);
    });
  order.addEventListener("change", () => turn(current(), Number(order.value)));
  filter.addEventListener("input", applyFilter);
  document.getElementById("tools").addEventListener("submit", event => event.preventDefault());
  for (const view of views)
    view.addEventListener("change", () => { applyFilter(); offerOrders(); });
  document.getElementById("tools").hidden = false;
  applyFilter();
  offerOrders();
});
