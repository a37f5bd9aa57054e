"use strict";
// What the page can do more where scripts run: sort, filter and page the table, tell a point's settings, copy, save.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);
  const PAGE = 25;

  // -- sorting --------------------------------------------------------------------------------------------------
  // Buttons in the headings: a click sorts rising, then falling, then as it was. Rows have a position and keys.
  const sortable = (heads, changed) => {
    let order = { column: -1, sign: 1 };
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const again = order.column === column;
        order = again && order.sign < 0 ? { column: -1, sign: 1 } : { column, sign: again ? -1 : 1 };
        heads.forEach((other, at) => {
          const word = at !== order.column ? "none" : order.sign > 0 ? "ascending" : "descending";
          other.setAttribute("aria-sort", word);
        });
        changed();
      });
    });
    const figures = heads.map((head) => head.classList.contains("figure"));
    const keysOf = (cells) => figures.map((isFigure, at) => isFigure ? cells[at].dataset.v : cells[at].textContent.trim());
    const compare = (a, b) => {
      if (order.column < 0) return a.position - b.position;
      const x = a.keys[order.column], y = b.keys[order.column];
      // What is not known stands last, whichever way is sorted.
      if (x === undefined || y === undefined) return (x === undefined) - (y === undefined) || a.position - b.position;
      const less = figures[order.column] ? x - y : x.localeCompare(y, "en", { numeric: true });
      return order.sign * less || a.position - b.position;
    };
    return { keysOf, compare };
  };

  for (const race of all("table.race")) {
    const bodies = all("tbody", race);
    const { keysOf, compare } = sortable(all("thead th", race), () => race.append(...rows.sort(compare).map((row) => row.body)));
    const rows = bodies.map((body, position) => ({ body, position, keys: keysOf(body.rows[0].cells) }));
  }

  // -- the table ------------------------------------------------------------------------------------------------
  const table = one("#table");
  if (table) {
    const { keysOf, compare } = sortable(all("thead th", table).slice(0, -1), refresh);
    const bodies = all("tbody", table);
    const rows = bodies.map((body, position) => {
      const cells = [...body.rows[0].cells];
      return {
        body, position,
        text: body.textContent.toLowerCase(),
        backend: cells[0].dataset.of,
        status: cells[1].textContent.trim().replace(/^\S+\s/, ""),
        case: cells[2].textContent.trim().replace(/\s+/g, " "),
        keys: keysOf(cells),
      };
    });
    const picks = { backend: one("#pick-backend"), case: one("#pick-case"), status: one("#pick-status") };
    for (const [name, pick] of Object.entries(picks)) {
      for (const value of new Set(rows.map((row) => row[name]))) pick.add(new Option(value, value));
      pick.addEventListener("change", refresh);
    }
    const seek = one("#seek");
    seek.addEventListener("input", refresh);
    let page = 0;

    const before = one("#before"), after = one("#after");
    before.addEventListener("click", () => { page -= 1; show(); });
    after.addEventListener("click", () => { page += 1; show(); });

    function refresh() { page = 0; show(); }

    function show() {
      const words = seek.value.toLowerCase().split(/\s+/).filter(Boolean);
      const kept = rows.filter((row) =>
        words.every((word) => row.text.includes(word)) &&
        Object.entries(picks).every(([name, pick]) => !pick.value || row[name] === pick.value)
      ).sort(compare);
      const pages = Math.max(1, Math.ceil(kept.length / PAGE));
      page = Math.min(Math.max(page, 0), pages - 1);
      const first = page * PAGE, part = kept.slice(first, first + PAGE);
      bodies.forEach((body) => body.remove());
      table.append(...part.map((row) => row.body));
      const count = kept.length === rows.length ? `${kept.length} cells` : `${kept.length} of ${rows.length} cells`;
      one("#shown").textContent = pages > 1 ? `${first + 1} to ${first + part.length} of ${count}` : count;
      before.disabled = page === 0;
      after.disabled = page === pages - 1;
      before.hidden = after.hidden = pages === 1;
    }

    one(".controls").hidden = false;
    one(".pager").hidden = false;
    show();
    // Printed is what a page without a script would show.
    addEventListener("beforeprint", () => table.append(...rows.map((row) => row.body)));
    addEventListener("afterprint", show);

    const copied = one(".copied");
    rows.forEach((row) => { const button = one(".copy", row.body); if (button) button.hidden = false; });
    table.addEventListener("click", async (event) => {
      const button = event.target.closest(".copy");
      if (!button) return;
      const command = button.dataset.command;
      let done = true;
      try { await navigator.clipboard.writeText(command); } catch { done = false; }
      copied.replaceChildren(done ? "Copied: " : "Copy this: ", Object.assign(document.createElement("code"), { textContent: command }));
    });
  }

  // -- points ---------------------------------------------------------------------------------------------------
  for (const point of all("svg.points .point")) {
    const readout = one(".readout", point.closest("figure"));
    const tell = () => {
      all(".point.told", point.ownerSVGElement).forEach((other) => other.classList.remove("told"));
      point.classList.add("told");
      readout.textContent = point.dataset.told;
    };
    point.addEventListener("pointerenter", tell);
    point.addEventListener("focus", tell);
    point.addEventListener("click", tell);
  }

  // -- saving ---------------------------------------------------------------------------------------------------
  const LOOKS = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-size", "font-weight"];
  const standalone = (svg) => {
    const copy = svg.cloneNode(true);
    const looks = getComputedStyle(svg), own = all("*", svg), theirs = all("*", copy);
    own.forEach((element, at) => {
      if (!element.getAttribute("style") && !element.classList.length && !element.getAttribute("fill")) return;
      const computed = getComputedStyle(element);
      theirs[at].setAttribute("style", LOOKS.map((name) => `${name}:${computed.getPropertyValue(name)}`).join(";") +
        (computed.textAnchor ? `;text-anchor:${computed.textAnchor}` : ""));
      theirs[at].removeAttribute("fill");
    });
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.setAttribute("style", `color:${looks.color};fill:${looks.color};font-family:sans-serif`);
    const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const box = svg.viewBox.baseVal;
    const margin = 8;
    for (const [name, value] of Object.entries({ x: box.x - margin, y: box.y - margin, width: box.width + 2 * margin, height: box.height + 2 * margin })) {
      paper.setAttribute(name, value);
    }
    copy.setAttribute("viewBox", `${box.x - margin} ${box.y - margin} ${box.width + 2 * margin} ${box.height + 2 * margin}`);
    paper.setAttribute("fill", getComputedStyle(document.body).backgroundColor);
    copy.prepend(paper);
    return new XMLSerializer().serializeToString(copy);
  };
  for (const button of all("button.save")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const text = standalone(one("svg", button.closest("figure")));
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
      link.download = button.dataset.name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    });
  }
})();
