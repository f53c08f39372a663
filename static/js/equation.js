/* The editor of time equations: a button with data-insert puts a name into the field where the cursor is. */
"use strict";
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  if (!button) return;
  const field = document.getElementById(button.dataset.insertInto);
  const before = field.value.slice(0, field.selectionStart);
  const gap = before && !/[\s(]$/.test(before) ? " " : "";
  field.setRangeText(gap + button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
});
