// Reports a part of the playground that does not load. It is no module, so it runs where modules cannot.
document.addEventListener(
  "error",
  ({ target }) => target instanceof HTMLScriptElement && window.tellFailure(target.getAttribute("src")),
  true,
);

/** Shows that a part of the playground is missing, and the next step. */
window.tellFailure = (part) => {
  const korean = document.documentElement.lang === "ko" || navigator.language.startsWith("ko");
  const opened = location.protocol === "file:";
  const words = korean
    ? `페이지의 일부를 불러오지 못했습니다: ${part}. ${opened ? "이 파일만으로는 작동하지 않습니다. 릴리스의 playground.html을 열거나 저장소에서 make playground를 실행하세요." : "새로 고침하고, 그래도 안 되면 서버에 페이지의 파일이 모두 있는지 확인하세요."}`
    : `The page could not load ${part}. ${opened ? "It does not work as a file: open playground.html of a release, or serve it with make playground." : "Reload it; if that does not help, see whether the server has all files of the page."}`;
  document.getElementById("loading").hidden = true;
  Object.assign(document.getElementById("failed"), { hidden: false, textContent: words });
};
