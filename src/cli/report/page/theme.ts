/// <reference lib="dom" />
// Runs in the browser: light or dark, as the system says until the button is pressed.

export function wireTheme(redraw: () => void): void {
  const dark = window.matchMedia("(prefers-color-scheme: dark)")
  const set = (on: boolean) => {
    document.documentElement.dataset.theme = on ? "dark" : "light"
    redraw()
  }
  dark.addEventListener("change", (event) => set(event.matches))
  document.getElementById("theme")!.addEventListener("click", () => {
    set(document.documentElement.dataset.theme !== "dark")
  })
  set(dark.matches)
}
