
"use strict";
/* Filters and sorts what stands in the page. It makes no markup of a name: rows are only moved and hidden. */
(() => {
  const filter = document.getElementById("filter");
  const order = document.getElementById("order");
  const views = Array.from(document.querySelectorAll("input[name=view]"));
  const collator = new Intl.Collator("en", { numeric: true });

  const tables = Array.from(document.querySelectorAll("section > table"), table => {
    const headings = Array.from(table.tHead.rows[0].cells);
    return {
      table, headings, body: table.tBodies[0], rows: Array.from(table.tBodies[0].rows),
      use: headings.findIndex(heading => heading.classList.contains("use")),
      texts: null, /* of the rows, made when the first filter is typed */
    };
  });
  const current = () => tables[views.findIndex(view => view.checked)];

  /* --- filter --- */

  const textOf = row => Array.from(row.cells, cell => cell.title + "\n" + cell.textContent).join("\n").toLowerCase();
  const keyOf = (row, index) => row.cells[index].dataset.key ?? row.cells[index].textContent;

  function makeTest(view, word) {
    const above = /^>(\d+(?:\.\d+)?)%?$/.exec(word);
    if (above && view.use >= 0)
      return index => Number(keyOf(view.rows[index], view.use)) > Number(above[1]);
    return index => view.texts[index].includes(word);
  }

  function applyFilter() {
    const view = current();
    const words = filter.value.toLowerCase().split(/\s+/).filter(word => word);
    let shown = 0;

    if (words.length > 0 && !view.texts)
      view.texts = view.rows.map(textOf);
    const tests = words.map(word => makeTest(view, word));
    view.rows.forEach((row, index) => {
      const fits = tests.every(test => test(index));
      shown += fits;
      if (row.hidden === fits)
        row.hidden = !fits;
    });
    document.getElementById("shown").textContent =
      (shown < view.rows.length ? shown.toLocaleString("en") + " of " : "") + view.rows.length.toLocaleString("en") + " rows";
  }

  /* --- order --- */

  /* Empty cells come last, whatever the direction; rows that are equal stay as they are. */
  function sortBy(view, column, descending) {
    const numeric = view.headings[column].classList.contains("n");
    const sign = descending ? -1 : 1;
    const keys = new Map(view.rows.map(row => {
      const key = keyOf(row, column);
      return [row, numeric && key !== "" ? Number(key) : key];
    }));
    const compare = numeric ? (a, b) => a - b : collator.compare;
    const sorted = Array.from(view.body.rows).sort((a, b) => {
      const x = keys.get(a), y = keys.get(b);
      return (x === "") - (y === "") || (x === "" ? 0 : sign * compare(x, y));
    });

    view.body.remove(); /* or each row that moves would be laid out */
    view.body.append(...sorted);
    view.table.append(view.body);
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
})();
