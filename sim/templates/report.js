"use strict";
/* The report's only script: map (zoom, drag, hover, layers, labels) and sortable tables. */
(() => {
  const every = (selector, root) => [...(root || document).querySelectorAll(selector)];

  /* --- tables: a click on a heading sorts by it, a second click turns the order */
  const value = (row, column) => {
    const cell = row.cells[column];
    const number = cell.dataset.value;
    if (number === undefined) return cell.textContent.trim().toLowerCase();
    return number === "" ? -Infinity : Number(number);
  };
  every("table.sortable th").forEach((heading) => {
    const column = heading.cellIndex;
    heading.querySelector("button").addEventListener("click", () => {
      const body = heading.closest("table").tBodies[0];
      const sign = heading.getAttribute("aria-sort") === "descending" ? 1 : -1;
      every("th", heading.parentNode).forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      const order = (a, b) => (a < b ? -sign : a > b ? sign : 0);
      const rows = [...body.rows].map((row) => [value(row, column), row]);
      rows.sort((a, b) => order(a[0], b[0])).forEach(([, row]) => body.append(row));
    });
  });
  every("input.filter").forEach((box) => {
    const rows = [...document.getElementById(box.dataset.table).tBodies[0].rows];
    box.addEventListener("input", () => {
      const wanted = box.value.trim().toLowerCase();
      rows.forEach((row) => { row.hidden = !row.textContent.toLowerCase().includes(wanted); });
    });
  });
  window.addEventListener("beforeprint", () => every("details").forEach((d) => { d.open = true; }));

  /* --- the map */
  const frame = document.getElementById("map");
  if (!frame) return;
  const svg = frame.querySelector("svg");
  const tip = frame.querySelector(".tip");
  const whole = svg.viewBox.baseVal;
  const full = { x: whole.x, y: whole.y, w: whole.width, h: whole.height };
  let view = { ...full };
  const labels = every("text", svg);

  const spread = () => {
    const taken = [];
    const edge = svg.getBoundingClientRect();
    const unit = view.w / edge.width;
    labels.forEach((label) => { label.setAttribute("dx", 0); label.setAttribute("dy", 0); });
    const boxes = labels.map((label) => label.getBoundingClientRect());
    labels.forEach((label, i) => {
      const b = boxes[i];
      const [w, h] = [b.width, b.height];
      const free = [[6, h * 0.3], [-w - 6, h * 0.3], [-w / 2, -6], [-w / 2, h + 2]].find(([x, y]) => {
        const box = { left: b.left + x, right: b.right + x, top: b.top + y, bottom: b.bottom + y };
        const clash = taken.some((other) => box.left < other.right && other.left < box.right
          && box.top < other.bottom && other.top < box.bottom);
        const out = box.left < edge.left || box.right > edge.right || box.top < edge.top
          || box.bottom > edge.bottom;
        if (!clash && !out) taken.push(box);
        return !clash && !out;
      });
      label.style.visibility = free ? "visible" : "hidden";
      if (free) {
        label.setAttribute("dx", free[0] * unit);
        label.setAttribute("dy", free[1] * unit);
      }
    });
  };
  let waiting = 0;
  const show = () => {
    view.w = Math.min(full.w, Math.max(full.w / 40, view.w));
    view.h = view.w * full.h / full.w;
    view.x = Math.min(full.x + full.w - view.w, Math.max(full.x, view.x));
    view.y = Math.min(full.y + full.h - view.h, Math.max(full.y, view.y));
    svg.setAttribute("viewBox", [view.x, view.y, view.w, view.h].join(" "));
    const unit = view.w / (svg.clientWidth || full.w);
    svg.style.setProperty("--unit", unit);
    svg.style.setProperty("--line", Math.max(view.w / full.w, unit * 0.6));
    svg.classList.toggle("zoomed", view.w < full.w * 0.999);
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(spread);
  };
  const point = (event) => {
    const box = svg.getBoundingClientRect();
    return { x: view.x + (event.clientX - box.left) / box.width * view.w,
      y: view.y + (event.clientY - box.top) / box.height * view.h };
  };
  const zoom = (factor, at) => {
    const centre = at || { x: view.x + view.w / 2, y: view.y + view.h / 2 };
    const width = Math.min(full.w, Math.max(full.w / 40, view.w * factor));
    const ratio = width / view.w;
    view = { x: centre.x - (centre.x - view.x) * ratio,
      y: centre.y - (centre.y - view.y) * ratio, w: width, h: view.h * ratio };
    show();
  };
  every("button[data-zoom]", frame).forEach((button) => button.addEventListener("click", () => {
    if (button.dataset.zoom === "whole") { view = { ...full }; show(); return; }
    if (button.dataset.zoom === "box") {
      const [x, y, w, h] = button.dataset.box.split(" ").map(Number);
      const width = Math.max(w, h * full.w / full.h);
      view = { x: x + (w - width) / 2, y: y + h / 2 - width * full.h / full.w / 2, w: width, h };
      show();
      return;
    }
    zoom(button.dataset.zoom === "in" ? 0.6 : 1 / 0.6);
  }));
  const layers = every("button[data-layer]", frame);
  layers.forEach((button) => button.addEventListener("click", () => {
    layers.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
    every("g.layer", svg).forEach((layer) => {
      layer.classList.toggle("off", layer.dataset.layer !== button.dataset.layer);
    });
  }));
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 0.8 : 1.25, point(event));
  }, { passive: false });
  svg.addEventListener("dblclick", (event) => zoom(0.5, point(event)));

  /* --- one finger or the mouse drags, two fingers zoom */
  const held = new Map();
  let span = 0;
  const between = () => {
    const [a, b] = [...held.values()];
    return { d: Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY),
      clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2 };
  };
  svg.addEventListener("pointerdown", (event) => {
    held.set(event.pointerId, event);
    if (held.size === 2) span = between().d;
  });
  svg.addEventListener("pointermove", (event) => {
    const before = held.get(event.pointerId);
    if (!before) return;
    const [a, b] = [point(before), point(event)];
    held.set(event.pointerId, event);
    if (held.size === 2) {
      const now = between();
      if (span > 0 && now.d > 0) zoom(span / now.d, point(now));
      span = now.d;
      return;
    }
    svg.setPointerCapture(event.pointerId);
    view.x += a.x - b.x;
    view.y += a.y - b.y;
    show();
  });
  ["pointerup", "pointercancel", "pointerleave"].forEach((name) =>
    svg.addEventListener(name, (event) => held.delete(event.pointerId)));

  /* --- hover: the words stand in data-tip and are shown as text, never as markup */
  const tell = (event) => {
    const target = event.target.closest("[data-tip]");
    tip.hidden = !target;
    if (!target) return;
    tip.textContent = target.dataset.tip;
    const box = frame.getBoundingClientRect();
    const left = event.clientX - box.left + 14;
    tip.style.left = `${Math.max(4, Math.min(left, box.width - tip.offsetWidth - 8))}px`;
    tip.style.top = `${event.clientY - box.top + 16}px`;
  };
  svg.addEventListener("pointermove", tell);
  svg.addEventListener("pointerdown", tell);
  svg.addEventListener("pointerleave", () => { tip.hidden = true; });
  window.addEventListener("resize", show);
  window.matchMedia("print").addEventListener("change", show);
  show();
})();
