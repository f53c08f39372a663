/* Small behaviours, each switched on by a data- attribute; every page reads and saves without them.
     data-key="/" or "g c"   keyboard: focuses a field, follows a link, presses a button (data-key-label names it)
     data-key-form           beside data-key: it fetches a form, and what is typed meanwhile goes into that form
     data-escape             what Escape presses in the form around it
     data-menu               a <details> that closes on Escape and on a click beside it
     data-guard              a form that asks before unsaved changes are left
     data-once               a form that is sent once only
     data-toast              a message; "success" fades away by itself
     data-dismiss            takes away the message or banner around it
     data-upload             a file field onto which a file can be dropped
     data-autosubmit         a form sent as soon as a field changes
     data-filter-bar         a GET form whose empty fields are left out of the address
   A response header HX-Trigger: {"toast": {"text": "…", "level": "success"}} shows a message. */
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);
  const sprite = () => (one("svg.icon use")?.getAttribute("href") || "").split("#")[0];

  /* --- Theme ------------------------------------------------------------------------------------------------------ */

  const showTheme = () => {
    const choice = document.documentElement.dataset.themeChoice;
    all("[data-theme-set]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.themeSet === choice)));
  };

  /* --- Toasts ------------------------------------------------------------------------------------------------------- */

  const fade = (toast) => {
    let timer;
    const start = () => { timer = setTimeout(() => toast.remove(), 6000); };
    const stop = () => clearTimeout(timer);
    ["mouseenter", "focusin"].forEach((name) => toast.addEventListener(name, stop));
    ["mouseleave", "focusout"].forEach((name) => toast.addEventListener(name, start));
    start();
  };

  const icon = (name) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    use.setAttribute("href", `${sprite()}#${name}`);
    svg.append(use);
    return svg;
  };

  const toast = (text, level = "info") => {
    const box = one("#messages");
    if (!box || !text) return;
    const note = document.createElement("div");
    note.className = `toast-note toast-float toast-${level}`;
    const words = document.createElement("p");
    words.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "toast-close";
    close.dataset.dismiss = "";
    close.setAttribute("aria-label", box.dataset.closeLabel);
    close.append(icon("x"));
    note.append(icon(level === "success" ? "circle-check" : level === "error" ? "alert-circle" : "info-circle"), words, close);
    box.append(note);
    if (level !== "error") fade(note);
  };

  /* --- Navigation on a phone -------------------------------------------------------------------------------------------- */

  const openNavigation = (open) => {
    const bar = one("#navigation");
    bar?.classList.toggle("is-open", open);
    one(".shell-main").inert = open;
    if (open) one("a", bar)?.focus();
    else one("[data-nav-open]")?.focus();
  };

  /* --- Keyboard --------------------------------------------------------------------------------------------------------- */

  const KEYS_OFF = "keys-off";
  const typing = (target) => target.closest?.("input, textarea, select, [contenteditable]");
  const keysOff = () => { try { return localStorage.getItem(KEYS_OFF) === "1"; } catch { return false; } };
  let first = "";
  let firstTimer;
  // What is typed after a shortcut whose form is still on its way: it belongs into that form and must press no other key.
  let early = null;

  const press = (element) => {
    if (element.matches("input, textarea, select")) { element.focus(); element.select?.(); return; }
    if (element.matches("[data-key-form]")) early = { source: element, text: "" };
    element.click();
  };

  const keepEarly = (event) => {
    if (event.key === "Escape") { early = null; return; }
    if (event.key === "Backspace") early.text = early.text.slice(0, -1);
    else if (event.key.length === 1) early.text += event.key;
    else return;
    event.preventDefault();
  };

  const handOver = () => {
    if (!early || early.source.isConnected) return;
    const field = document.activeElement;
    if (early.text && field?.matches("input, textarea")) {
      field.setRangeText(early.text, field.selectionStart, field.selectionEnd, "end");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    early = null;
  };
  document.addEventListener("htmx:after:swap", handOver);
  ["htmx:error", "htmx:response:error"].forEach((name) => document.addEventListener(name, () => { early = null; }));

  const sheet = () => {
    const dialog = one("#shortcuts");
    const list = one("[data-keys]", dialog);
    list.replaceChildren();
    all("[data-key]").forEach((element) => {
      const term = document.createElement("dt");
      term.textContent = element.dataset.keyLabel || element.textContent.trim();
      const keys = document.createElement("dd");
      element.dataset.key.split(" ").forEach((key, index) => {
        if (index) keys.append(` ${dialog.dataset.then} `);
        const cap = document.createElement("kbd");
        cap.textContent = key;
        keys.append(cap);
      });
      list.append(term, keys);
    });
    one("[data-keys-switch]", dialog).checked = !keysOff();
    dialog.showModal();
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      all("details[data-menu][open]").forEach((menu) => { menu.open = false; one("summary", menu).focus(); });
      if (one("#navigation.is-open")) openNavigation(false);
      one("[data-escape]", event.target.closest?.("form") || document.createElement("p"))?.click();
      return;
    }
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && event.target.form?.method === "post") {
      event.target.form.requestSubmit();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || one("dialog[open]") || keysOff()) return;
    if (early) { keepEarly(event); return; }
    const pressed = first ? `${first} ${event.key}` : event.key;
    const match = all("[data-key]").find((element) => element.dataset.key === pressed && element.getClientRects().length);
    const begins = !first && all("[data-key]").some((element) => element.dataset.key.startsWith(`${event.key} `));
    clearTimeout(firstTimer);
    first = "";
    if (match) { event.preventDefault(); press(match); }
    else if (begins) { first = event.key; firstTimer = setTimeout(() => { first = ""; }, 1200); }
  });

  /* --- Clicks ------------------------------------------------------------------------------------------------------------- */

  document.addEventListener("click", (event) => {
    const target = event.target;
    all("details[data-menu][open]").forEach((menu) => { if (!menu.contains(target)) menu.open = false; });
    if (target.closest("[data-shortcuts]")) sheet();
    if (target.closest("[data-nav-open]")) { event.preventDefault(); openNavigation(true); }
    if (target.closest("[data-nav-close]")) { event.preventDefault(); openNavigation(false); }
    const theme = target.closest("[data-theme-set]");
    if (theme) { dispatchEvent(new CustomEvent("theme:choose", { detail: theme.dataset.themeSet })); showTheme(); }
    if (target.closest("[data-dismiss]")) {
      const banner = target.closest("[data-demo-notice]");
      if (banner) try { sessionStorage.setItem("demo-notice", "closed"); } catch { /* private window: it comes back */ }
      (banner || target.closest("[data-toast], .toast-note"))?.remove();
    }
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-keys-switch]")) try { localStorage.setItem(KEYS_OFF, event.target.checked ? "0" : "1"); } catch { /* not kept */ }
    if (event.target.form?.matches("[data-autosubmit]")) event.target.form.requestSubmit();
  });

  /* --- Forms ---------------------------------------------------------------------------------------------------------------- */

  const state = (form) => new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === "string")).toString();
  const guarded = new Map();

  addEventListener("beforeunload", (event) => {
    for (const [form, before] of guarded) if (form.isConnected && state(form) !== before) { event.preventDefault(); return; }
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    guarded.delete(form);
    if (form.matches("[data-once]")) {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "1";
      form.setAttribute("aria-busy", "true");
    }
    if (form.method === "get") {
      const empty = [...form.elements].filter((field) => field.name && !field.disabled && field.value === "");
      empty.forEach((field) => { field.disabled = true; });
      setTimeout(() => empty.forEach((field) => { field.disabled = false; }));
    }
  });

  addEventListener("pageshow", () => all("[data-sent]").forEach((form) => { delete form.dataset.sent; form.removeAttribute("aria-busy"); }));

  document.addEventListener("htmx:config:request", (event) => {
    const { sourceElement, request } = event.detail.ctx;
    if (!sourceElement.matches("[data-filter-bar]")) return;
    request.action = location.pathname;
    [...request.body].filter(([, value]) => value === "").forEach(([name]) => request.body.delete(name));
    // A field that is left tells of a change that was already asked for: nothing new, and an open menu would be closed.
    const present = new URLSearchParams(location.search);
    ["after", "format"].forEach((name) => present.delete(name));
    present.sort();
    const wanted = new URLSearchParams([...request.body]);
    wanted.sort();
    if (present.toString() === wanted.toString()) event.preventDefault();
  });

  const upload = (box) => {
    const zone = one(".upload-zone", box);
    const field = one("input[type=file]", box);
    const show = () => { one("[data-upload-name]", box).textContent = field.files[0] ? field.files[0].name : ""; };
    ["dragenter", "dragover"].forEach((name) => zone.addEventListener(name, (event) => { event.preventDefault(); zone.classList.add("is-over"); }));
    ["dragleave", "drop"].forEach((name) => zone.addEventListener(name, () => zone.classList.remove("is-over")));
    zone.addEventListener("drop", (event) => { event.preventDefault(); field.files = event.dataTransfer.files; show(); });
    field.addEventListener("change", show);
  };

  /* --- Charts: their scripts are fetched where a chart stands ------------------------------------------------------------------- */

  const load = (source) => new Promise((done, failed) => {
    const script = document.createElement("script");
    Object.assign(script, { src: source, onload: done, onerror: failed });
    document.head.append(script);
  });

  let charts;
  const drawCharts = () => {
    if (!one("[data-chart]")) return;
    const { echarts, echartsFrench, charts: own } = document.body.dataset;
    const french = document.documentElement.lang.startsWith("fr");
    charts ??= load(echarts).then(() => (french ? load(echartsFrench) : null)).then(() => load(own));
    charts.then(() => dispatchEvent(new CustomEvent("charts:draw")));
  };

  /* --- Tables that can be moved sideways are reached and named by the keyboard too; those that fit are no stop on the way --------- */

  const reach = (box) => {
    if (box.scrollWidth > box.clientWidth + 1 || (box.scrollHeight > box.clientHeight + 1 && getComputedStyle(box).overflowY === "auto")) {
      box.tabIndex = 0;
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", one("caption", box)?.textContent.trim() || document.title);
    } else ["tabindex", "role", "aria-label"].forEach((name) => box.removeAttribute(name));
  };
  const sizes = new ResizeObserver((changes) => changes.forEach(({ target }) => reach(target)));

  /* --- What was swapped in is prepared like what was there ------------------------------------------------------------------------ */

  /* Of tabs that do not fit, the one where one is stands in sight. */
  const showTab = (tabs) => {
    const tab = one("[aria-current]", tabs);
    if (tab) tabs.scrollLeft = tab.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - tab.offsetWidth) / 2;
  };

  const prepare = () => {
    all(".tabs:not([data-ready])").forEach((tabs) => { tabs.dataset.ready = "1"; showTab(tabs); });
    all("[data-toast=success]:not([data-ready])").forEach((note) => { note.dataset.ready = "1"; note.classList.add("toast-float"); fade(note); });
    all("form[data-guard]").forEach((form) => { if (!guarded.has(form)) guarded.set(form, state(form)); });
    all("[data-upload]:not([data-ready])").forEach((box) => { box.dataset.ready = "1"; upload(box); });
    all(".table-responsive:not([data-ready], [tabindex])").forEach((box) => { box.dataset.ready = "1"; sizes.observe(box); });
    drawCharts();
  };

  document.addEventListener("htmx:after:swap", prepare);
  // A row that was added to a form is where one goes on; browsers heed autofocus only when a page is opened.
  document.addEventListener("htmx:after:swap", () => one("#builder [autofocus]")?.focus());
  document.addEventListener("toast", (event) => toast(event.detail?.text, event.detail?.level));
  document.addEventListener("htmx:error", () => toast(document.body.dataset.offline, "error"));
  try { if (sessionStorage.getItem("demo-notice")) one("[data-demo-notice]")?.remove(); } catch { /* shown again */ }
  showTheme();
  prepare();
})();
