// Filters and sorts what is on the page already. Without it everything is still there, in its order.
(() => {
  const tools = document.getElementById("tools");
  const table = document.getElementById("findings-table");
  if (tools && table) {
    const [words, outcome, severity, owner] = tools.querySelectorAll("input, select");
    const said = document.getElementById("shown");
    const rows = [...table.tBodies[0].rows];
    const filter = () => {
      const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !(wanted.every((w) => text.includes(w)) && [[outcome, "outcome"], [severity, "severity"], [owner, "owner"]]
          .every(([box, key]) => !box.value || row.dataset[key] === box.value));
        shown += row.hidden ? 0 : 1;
      }
      said.textContent = `${shown} of ${rows.length} shown`;
    };
    tools.addEventListener("input", filter);
    tools.hidden = false;
    filter();
  }
  for (const sortable of document.querySelectorAll("table[data-sort]")) {
    for (const head of sortable.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const key = (row) => row.cells[head.cellIndex].dataset.value ?? row.cells[head.cellIndex].textContent.trim();
        const order = (a, b) => key(a).localeCompare(key(b), undefined, { numeric: true });
        const body = sortable.tBodies[0];
        body.append(...[...body.rows].sort((a, b) => (down ? order(b, a) : order(a, b))));
      });
    }
  }
  addEventListener("beforeprint", () => document.querySelectorAll("#findings details").forEach((d) => { d.open = true; }));
})();
