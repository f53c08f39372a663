/* A field that offers what a text may mean: input[data-choices] names the address that answers ?q= with a listbox.
   The field keeps the focus; the arrows move a mark over the options (aria-activedescendant), Enter or a click takes
   one; with data-choices-send the form is sent at once. Without this script the text is sent as it was typed, and the
   server understands names and references too. */
(() => {
  "use strict";
  const WAIT = 150;
  let field = null, timer = 0, asking = null;

  const box = (of) => document.getElementById(`${of.id}-choices`);
  const options = () => (field ? [...box(field).querySelectorAll("[role=option]")] : []);
  const marked = () => options().find((option) => option.getAttribute("aria-selected") === "true");
  const isOpen = () => Boolean(field && !box(field).hidden);

  const prepare = (of) => {
    if (box(of)) return;
    const list = document.createElement("div");
    list.id = `${of.id}-choices`;
    list.className = "choices";
    list.hidden = true;
    of.after(list);
    of.parentElement.classList.add("has-choices");
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", list.id]]) of.setAttribute(name, value);
    list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const option = event.target.closest("[role=option]");
      if (option) take(option);
    });
  };

  const close = () => {
    clearTimeout(timer);
    asking?.abort();
    if (!field) return;
    box(field).hidden = true;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  };

  const mark = (option) => {
    marked()?.setAttribute("aria-selected", "false");
    if (!option) return;
    option.setAttribute("aria-selected", "true");
    field.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  };

  const take = (option) => {
    field.value = option.dataset.choice;
    field.dispatchEvent(new Event("change", { bubbles: true }));
    close();
    if ("choicesSend" in field.dataset) field.form.requestSubmit();
  };

  const show = (html) => {
    const list = box(field);
    list.innerHTML = html;
    list.querySelectorAll("[role=option]").forEach((option, number) => { option.id = `${list.id}-${number + 1}`; });
    list.style.top = `${field.offsetTop + field.offsetHeight + 4}px`;
    list.style.left = `${field.offsetLeft}px`;
    list.style.width = `${field.offsetWidth}px`;
    list.hidden = false;
    list.scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-expanded", "true");
    field.removeAttribute("aria-activedescendant");
  };

  const ask = async (of) => {
    const text = of.value.trim();
    if (!text) { close(); return; }
    asking?.abort();
    asking = new AbortController();
    const url = new URL(of.dataset.choices, location.href);
    url.searchParams.set("q", text);
    try {
      const answer = await fetch(url, { signal: asking.signal });
      const html = await answer.text();
      if (answer.ok && !answer.redirected && document.activeElement === of && of.value.trim() === text) show(html);
    } catch { /* Asked again meanwhile, or not reachable: what is typed still goes with the form. */ }
  };

  document.addEventListener("focusin", (event) => {
    if (!event.target.matches?.("input[data-choices]")) return;
    field = event.target;
    prepare(field);
  });

  document.addEventListener("input", (event) => {
    if (event.target !== field) return;
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT, field);
  });

  document.addEventListener("focusout", (event) => { if (event.target === field) close(); });

  document.addEventListener("keydown", (event) => {
    if (event.target !== field || event.isComposing) return;
    const all = options(), from = all.indexOf(marked());
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && isOpen() && all.length) {
      event.preventDefault();
      mark(all[from < 0 ? (step > 0 ? 0 : all.length - 1) : (from + step + all.length) % all.length]);
    } else if (event.key === "ArrowDown" && field.value.trim()) {
      event.preventDefault();
      ask(field);
    } else if (event.key === "Enter" && isOpen() && from >= 0) {
      event.preventDefault();
      take(all[from]);
    } else if (event.key === "Escape" && isOpen()) {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  }, true);
})();
