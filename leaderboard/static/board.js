"use strict";
// Sorts and filters the tables that stand in the page; every number is there without it.
(() => {
  const number = (text) => {
    const found = text.trim().replace("\u2212", "-").replace(/,/g, "").match(/^[+-]?\d+(\.\d+)?/);
    return found ? Number(found[0]) : null;
  };
  const shown = (cell) => (cell.firstChild ? cell.firstChild.textContent : "");
  const keyOf = (row, column) => {
    const text = shown(row.cells[column]).trim();
    return text === "" || text === "\u2013" ? null : (number(text) ?? text.toLowerCase());
  };
  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));

  const sort = (table, head) => {
    const column = Number(head.dataset.c);
    const down = head.getAttribute("aria-sort") ? head.getAttribute("aria-sort") === "ascending"
      : head.classList.contains("number");
    const body = table.tBodies[0];
    const rows = Array.from(body.rows, (row, place) => ({ row, place, key: keyOf(row, column) }));
    rows.sort((a, b) => {
      if (a.key === null || b.key === null) return (a.key === null) - (b.key === null) || a.place - b.place;
      return (down ? compare(b.key, a.key) : compare(a.key, b.key)) || a.place - b.place;
    });
    for (const other of table.tHead.querySelectorAll("[aria-sort]")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    body.append(...rows.map((entry) => entry.row));
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    for (const head of table.tHead.querySelectorAll("th[data-c]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      const link = head.querySelector("a");
      if (link) {
        button.setAttribute("aria-label", "Sort by " + head.textContent);
        head.append(button);
      } else {
        button.append(...head.childNodes);
        head.append(button);
      }
      button.addEventListener("click", () => sort(table, head));
    }
  }

  for (const form of document.querySelectorAll(".filters")) {
    const table = document.getElementById(form.dataset.for);
    const count = form.querySelector(".count");
    const filter = () => {
      let left = 0;
      for (const row of table.tBodies[0].rows) {
        const kept = Array.from(form.querySelectorAll("[data-by]")).every((control) => {
          if (control.type === "checkbox") return !control.checked || row.dataset.gaps !== "1";
          return control.value === "" || row.dataset[control.dataset.by] === control.value;
        });
        row.hidden = !kept;
        left += kept ? 1 : 0;
      }
      count.textContent = left + " of " + table.tBodies[0].rows.length + " rows";
    };
    form.addEventListener("change", filter);
    form.hidden = false;
    filter();
  }

  // A row that a link leads to must be there, whatever is filtered.
  const reveal = () => {
    const row = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (row) row.hidden = false;
  };
  addEventListener("hashchange", reveal);
})();
