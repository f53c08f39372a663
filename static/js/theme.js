/* Runs before the first paint: picks light or dark, so that no page flashes in the wrong one.
   The choice (light, dark, auto) lives in the cookie "theme"; auto follows the system, also while the page is open. */
(() => {
  "use strict";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => (document.cookie.match(/(?:^|; )theme=(light|dark)/) || [])[1] || "auto";
  const apply = () => {
    const theme = chosen();
    root.dataset.themeChoice = theme;
    root.dataset.bsTheme = theme === "auto" ? (system.matches ? "dark" : "light") : theme;
  };
  root.classList.add("js");
  apply();
  system.addEventListener("change", apply);
  addEventListener("pageshow", apply);
  addEventListener("theme:choose", (event) => {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `theme=${event.detail}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
    apply();
  });
})();
