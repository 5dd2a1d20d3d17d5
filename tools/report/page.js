// Filters rows and moves among them by keys. The page is whole without it.
"use strict";
(() => {
  const rows = [...document.querySelectorAll("tr.row")];
  const gaps = [...document.querySelectorAll("tr.gap")];
  const filter = document.getElementById("filter");
  const only = document.getElementById("only");
  const found = document.getElementById("found");
  if (!filter) return;
  document.getElementById("tools").hidden = false;
  const texts = rows.map((row) => row.textContent.toLowerCase());

  const apply = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, i) => {
      const fits = words.every((word) => texts[i].includes(word)) &&
        !(only && only.checked && row.classList.contains("same"));
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    const all = shown === rows.length;
    gaps.forEach((gap) => { gap.hidden = !all; });
    found.textContent = all ? "" : `${shown} of ${rows.length} rows`;
  };

  const move = (by) => {
    const shown = rows.filter((row) => !row.hidden);
    const at = shown.findIndex((row) => row.contains(document.activeElement));
    const next = shown[at < 0 ? (by > 0 ? 0 : shown.length - 1) : Math.min(Math.max(at + by, 0), shown.length - 1)];
    if (!next) return;
    next.querySelector("summary").focus();
    next.scrollIntoView({ block: "nearest" });
  };

  // The picture of the flow scrolls on its own; the divergence is what one looks for there.
  const figure = document.querySelector(".figure");
  const mark = figure && figure.querySelector(".mark.first");
  if (mark) figure.scrollTop = mark.cy.baseVal.value - figure.clientHeight / 2;

  const open = (row) => {
    row.hidden = false;
    row.querySelector("details").open = true;
    row.scrollIntoView({ block: "center" });
    row.querySelector("summary").focus({ preventScroll: true });
  };

  filter.addEventListener("input", apply);
  if (only) only.addEventListener("change", apply);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === filter) {
      if (event.key !== "Escape") return;
      filter.value = "";
      apply();
      filter.blur();
      return;
    }
    const first = document.querySelector("tr.first");
    const actions = {
      "/": () => filter.focus(),
      j: () => move(1),
      k: () => move(-1),
      d: () => { if (first) open(first); },
    };
    if (!Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
  });
  const show = () => {
    const row = document.getElementById(location.hash.slice(1));
    if (row && row.matches("tr.row")) open(row);
  };
  addEventListener("hashchange", show);
  show();
})();
