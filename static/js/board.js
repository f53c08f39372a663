/* Cards of a board that are dragged: dropping one presses the button of its own "Move to" menu, which works without this. */
(() => {
  "use strict";
  document.querySelectorAll("[data-board]").forEach((column) => {
    Sortable.create(column, {
      group: "board",
      draggable: ".board-card",
      filter: "a, summary, button",
      preventOnFilter: false,
      animation: 120,
      sort: false,
      delay: 180,
      delayOnTouchOnly: true,
      ghostClass: "is-ghost",
      onEnd: ({ item, from, to }) => {
        if (from === to) return;
        const form = item.querySelector("[data-board-move]");
        form?.requestSubmit([...form.elements.namedItem("stage")].find((button) => button.value === to.dataset.board));
      },
    });
  });
})();
