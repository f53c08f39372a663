/* The command palette: Ctrl+K or [data-palette-open] opens #palette, also with what stands in the search box. The field
   keeps the focus; the arrows move a mark over the options (aria-activedescendant), Enter opens the marked one. */
(() => {
  "use strict";
  const dialog = document.querySelector("#palette");
  if (!dialog) return;
  const field = dialog.querySelector("input");
  const options = () => [...dialog.querySelectorAll("[role=option]")];
  const marked = () => dialog.querySelector("[role=option][aria-selected=true]");

  const mark = (option) => {
    marked()?.setAttribute("aria-selected", "false");
    if (!option) { field.removeAttribute("aria-activedescendant"); return; }
    option.setAttribute("aria-selected", "true");
    field.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  };

  const move = (step) => {
    const all = options();
    if (!all.length) return;
    const from = all.indexOf(marked());
    mark(all[(from + step + all.length) % all.length]);
  };

  const open = (text) => {
    if (!dialog.open) dialog.showModal();
    field.value = text;
    field.select();
    field.focus();
    field.dispatchEvent(new CustomEvent("palette-open"));
  };

  document.addEventListener("keydown", (event) => {
    const asked = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k";
    if (!asked) return;
    const other = document.querySelector("dialog[open]");
    if (other && other !== dialog) return;
    event.preventDefault();
    if (dialog.open) { dialog.close(); return; }
    open(event.target.id === "global-search" ? event.target.value : "");
  });

  // Opened before the page was complete, nobody listened yet to what the field asks.
  window.addEventListener("load", () => { if (dialog.open) field.dispatchEvent(new CustomEvent("palette-open")); });

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-palette-open]")) open("");
    if (event.target === dialog) dialog.close();
  });

  field.addEventListener("keydown", (event) => {
    const all = options();
    const moves = { ArrowDown: () => move(1), ArrowUp: () => move(marked() ? -1 : 0), PageDown: () => mark(all.at(-1)), PageUp: () => mark(all[0]) };
    if (moves[event.key]) { event.preventDefault(); moves[event.key](); }
    if (event.key === "Enter") {
      event.preventDefault();
      // What was typed and not yet answered must not open what stood there before.
      if (field.dataset.answered === field.value) (marked() || all[0])?.click();
      else field.dataset.wanted = field.value;
    }
  });

  dialog.addEventListener("mousemove", (event) => {
    const option = event.target.closest("[role=option]");
    if (option && option !== marked()) mark(option);
  });

  // Whoever types on after Enter wants something else; an answer to what stood there before decides nothing.
  field.addEventListener("input", () => { delete field.dataset.wanted; });

  const asked = new WeakMap();
  document.addEventListener("htmx:config:request", (event) => {
    if (event.detail.ctx.sourceElement === field) asked.set(event.detail.ctx, field.value);
  });
  document.addEventListener("htmx:after:swap", (event) => {
    const ctx = event.detail?.ctx;
    if (ctx?.sourceElement !== field) return;
    field.dataset.answered = asked.get(ctx);
    mark(options()[0]);
    if (field.dataset.wanted !== field.dataset.answered) return;
    delete field.dataset.wanted;
    marked()?.click();
  });
})();
