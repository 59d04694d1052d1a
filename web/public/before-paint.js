// Runs before the first paint, so that a chosen theme or language never flashes the other one.
(function () {
  try {
    var theme = localStorage.getItem("talktalk.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    var language = localStorage.getItem("talktalk.language");
    if (language === "ko" || language === "en") document.documentElement.lang = language;
  } catch (error) {
    // Storage is closed to us; the system's theme and language stand.
  }
})();
