"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const rows = [...document.querySelectorAll("#rows > li")];
  const number = (row, name) => Number(row.dataset[name] ?? NaN);
  const numbers = new Intl.NumberFormat("en");
  const SIGNS = { true: "✓", false: "✕", null: "–" };
  const TONES = { true: "passed", false: "failed", null: "skipped" };

  function made(tag, content, className) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    node.append(...[content ?? []].flat());
    return node;
  }

  function seconds(value) {
    if (value < 0.9995) return `${Math.round(value * 1000)} ms`;
    if (value < 99.95) return `${value.toFixed(1)} s`;
    const whole = Math.round(value), minutes = Math.floor(whole / 60);
    return `${minutes} min ${String(whole % 60).padStart(2, "0")} s`;
  }

  function bytes(value) {
    if (value < 1000) return `${numbers.format(value)} B`;
    return value < 1e6 ? `${(value / 1000).toFixed(1)} kB` : `${(value / 1e6).toFixed(1)} MB`;
  }

  // The requests of a run are laid out when its row is opened for the first time.
  function lines(headers, caption) {
    const table = made("table", made("caption", caption));
    for (const [name, value] of headers) {
      const head = made("th", made("bdi", name));
      head.scope = "row";
      table.append(made("tr", [head, made("td", made("bdi", value))]));
    }
    return table;
  }

  function checkLine(check) {
    const sign = made("span", SIGNS[check.ok], "sign");
    sign.setAttribute("aria-hidden", "true");
    const word = made("span", `${TONES[check.ok]}: `, "unseen");
    const why = check.ok === false && check.why ? [made("em", made("bdi", check.why))] : [];
    return made("li", [sign, made("span", [word, made("bdi", check.name), ...why])], TONES[check.ok]);
  }

  function problemLine([kind, message]) {
    return checkLine({ ok: false, name: kind, why: message });
  }

  function stepBlock(step) {
    const facts = [
      step.code || "no answer",
      step.ms === null ? "" : seconds(step.ms / 1000),
      step.bytes === null ? "" : bytes(step.bytes),
    ].filter(Boolean).join(" · ");
    const block = made("section", made("h3", [made("bdi", step.name), made("span", facts)]), "step");
    block.append(made("p", [made("b", step.method), " ", made("bdi", step.url)], "url"));
    const items = [...step.problems.map(problemLine), ...step.checks.map(checkLine)];
    if (items.length) block.append(made("ul", items, "checks"));
    if (step.sent.length || step.received.length) {
      const headers = made("details", made("summary", "Headers"), "headers");
      if (step.sent.length) headers.append(lines(step.sent, "Sent"));
      if (step.received.length) headers.append(lines(step.received, "Received"));
      block.append(headers);
    }
    return block;
  }

  function layOut(row) {
    const data = row.querySelector("script");
    if (!data) return;
    row.querySelector(".steps").append(...JSON.parse(data.textContent).map(stepBlock));
    data.remove();
  }

  $("rows").addEventListener("toggle", (event) => {
    if (event.target.open && event.target.parentNode.matches(".row")) layOut(event.target.parentNode);
  }, true);

  function open(row) {
    const details = row.querySelector("details");
    if (row.hidden) showAll();
    details.open = true;
    layOut(row);
    row.scrollIntoView({ block: "start" });
    details.querySelector("summary").focus({ preventScroll: true });
  }

  function openFromAddress() {
    const row = /^#m-\d+$/.test(location.hash) && $(location.hash.slice(1));
    if (row) open(row);
  }

  // Search, filter and sort.
  let texts = null;
  function textOf(row) {
    const parts = row.querySelectorAll(".name, .problems, .facts div:first-child dd");
    return [...parts].map((part) => part.textContent).join("\n").toLowerCase();
  }

  function filter() {
    const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = new Set([...document.querySelectorAll("input[name=status]:checked")].map((box) => box.value));
    if (words.length) texts ??= new Map(rows.map((row) => [row, textOf(row)]));
    let shown = 0;
    for (const row of rows) {
      const fits = wanted.has(row.dataset.status) && words.every((word) => texts.get(row).includes(word));
      if (row.hidden === fits) row.hidden = !fits;
      bars.get(row)?.classList.toggle("off", !fits);
      shown += fits;
    }
    const all = `${numbers.format(rows.length)} ${rows.length === 1 ? "monitor" : "monitors"}`;
    $("count").value = shown === rows.length ? all : `${numbers.format(shown)} of ${all}`;
    $("none").hidden = shown > 0;
  }

  function showAll() {
    $("search").value = "";
    for (const box of document.querySelectorAll("input[name=status]")) box.checked = true;
    filter();
  }

  const name = (row) => row.querySelector(".name").textContent;
  const ORDERS = {
    order: (a, b) => number(a, "number") - number(b, "number"),
    slow: (a, b) => number(b, "took") - number(b, "waited") - number(a, "took") + number(a, "waited"),
    name: (a, b) => name(a).localeCompare(name(b)),
  };

  function sort() {
    const order = ORDERS[$("sort").value];
    $("rows").append(...(order ? [...rows].sort(order) : rows));
  }

  // The timeline: a bar for each run, in the first lane that is free when it starts.
  const bars = new Map();

  function drawTimeline() {
    const runs = rows.filter((row) => row.dataset.at && row.dataset.status !== "skipped");
    if (!runs.length) return;
    runs.sort((a, b) => number(a, "at") - number(b, "at"));
    const first = number(runs[0], "at");
    const ends = runs.map((row) => number(row, "at") - first + number(row, "took"));
    const span = Math.max(...ends, 0.001);
    const lanes = laneOf(runs, first, span);
    const count = Math.max(...lanes) + 1;
    const height = count <= 26 ? 13 : count <= 60 ? 9 : 6;
    const fill = made("div", [], "fill");
    fill.style.height = `${count * height}px`;
    runs.forEach((row, index) => {
      const bar = barOf(row, first, span);
      bar.style.top = `${lanes[index] * height + 1}px`;
      bar.style.height = `${height - 3}px`;
      bars.set(row, bar);
      fill.append(bar);
    });
    $("lanes").classList.toggle("dense", height < 9);
    $("lanes").append(fill);
    drawAxis(span);
    $("timeline").hidden = false;
    attend(runs);
  }

  function laneOf(runs, first, span) {
    const free = [];
    return runs.map((row) => {
      const start = number(row, "at") - first;
      const found = free.findIndex((at) => at <= start + span / 500);
      const lane = found < 0 ? free.length : found;
      free[lane] = start + Math.max(number(row, "took"), span / 300);
      return lane;
    });
  }

  function summary(row) {
    const waited = number(row, "waited");
    const wait = waited >= 0.05 ? `, waited ${seconds(waited)} for the limit` : "";
    return `${row.dataset.status}, ran ${seconds(Math.max(0, number(row, "took") - waited))}${wait}`;
  }

  function barOf(row, first, span) {
    const bar = made("div", [], `run ${row.dataset.status}`);
    const took = number(row, "took");
    bar.id = `bar-${row.dataset.number}`;
    bar.setAttribute("role", "option");
    bar.setAttribute("aria-selected", "false");
    bar.setAttribute("aria-label", `${name(row)}: ${summary(row)}`);
    bar.style.left = `${(100 * (number(row, "at") - first)) / span}%`;
    bar.style.width = `${(100 * took) / span}%`;
    bar.style.setProperty("--wait-share", took ? `${(100 * number(row, "waited")) / took}%` : "0%");
    return bar;
  }

  function drawAxis(span) {
    const rough = span / (matchMedia("(max-width: 46rem)").matches ? 4 : 8);
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
    for (let at = 0; at <= span * 1.0001; at += step) {
      const label = made("span", at ? seconds(at) : "0");
      label.style.left = `${(100 * at) / span}%`;
      if (at > span * 0.97) label.className = "end";
      $("axis").append(label);
    }
    $("lanes").style.backgroundSize = `${(100 * step) / span}% 100%`;
  }

  function attend(runs) {
    const lanes = $("lanes"), rowOf = new Map(runs.map((row) => [bars.get(row), row]));
    let current = null;
    const select = (row) => {
      bars.get(current)?.setAttribute("aria-selected", "false");
      const bar = bars.get(row);
      current = row;
      bar.setAttribute("aria-selected", "true");
      bar.scrollIntoView({ block: "nearest" });
      lanes.setAttribute("aria-activedescendant", bar.id);
      tip(bar, row);
    };
    // What the filters hide is passed over.
    const move = (by) => {
      const shown = runs.filter((row) => !row.hidden);
      const next = Math.min(Math.max(shown.indexOf(current) + by, 0), shown.length - 1);
      if (shown.length) select(shown[next]);
    };
    const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };
    lanes.addEventListener("keydown", (event) => {
      if (event.key in steps) move(steps[event.key]);
      else if ((event.key === "Enter" || event.key === " ") && current) open(current);
      else if (event.key === "Escape") $("tip").hidden = true;
      else return;
      event.preventDefault();
    });
    lanes.addEventListener("blur", () => { $("tip").hidden = true; });
    lanes.addEventListener("click", (event) => { if (rowOf.has(event.target)) open(rowOf.get(event.target)); });
    lanes.addEventListener("mouseover", (event) => {
      if (rowOf.has(event.target)) tip(event.target, rowOf.get(event.target));
      else $("tip").hidden = true;
    });
    lanes.addEventListener("mouseleave", () => { $("tip").hidden = true; });
  }

  function tip(bar, row) {
    const box = $("tip"), chart = box.parentNode.getBoundingClientRect(), at = bar.getBoundingClientRect();
    box.replaceChildren(made("strong", made("bdi", name(row))), made("br"), summary(row));
    box.hidden = false;
    const left = Math.min(Math.max(at.left - chart.left, 8), chart.width - box.offsetWidth - 8);
    box.style.left = `${Math.max(left, 8)}px`;
    box.style.top = `${at.bottom - chart.top + 8}px`;
  }

  drawTimeline();
  $("filters").hidden = rows.length < 2;
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("search").addEventListener("input", filter);
  $("filters").addEventListener("change", (event) => (event.target.id === "sort" ? sort() : filter()));
  $("reset")?.addEventListener("click", () => { showAll(); $("search").focus(); });
  addEventListener("hashchange", openFromAddress);
  openFromAddress();
})();
