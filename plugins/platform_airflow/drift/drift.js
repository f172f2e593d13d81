// Airflow's own light or dark, which its page keeps as a class of its root.
function theme() {
  const dark = parent.document.documentElement.classList.contains("dark");
  document.documentElement.classList.toggle("dark", dark);
}

new MutationObserver(theme).observe(parent.document.documentElement, { attributes: true });
theme();
