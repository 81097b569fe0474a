// Halle — keys of the curators' pages. Everything they do is also done with the mouse, or by a plain form.
// A key is one letter, so it can be turned off (WCAG 2.1.4), and it is silent while somebody types.
(function () {
  "use strict";

  var OFF = "halle-keys-off";
  var panel = document.querySelector("[data-halle-keys]");
  var rows = Array.from(document.querySelectorAll("[data-halle-queue-row]"));
  var onSwitch = panel && panel.querySelector("[data-halle-keys-switch]");

  function isOff() {
    try { return localStorage.getItem(OFF) === "1"; } catch (error) { return false; }
  }

  function show() {
    onSwitch.setAttribute("aria-pressed", String(isOff()));
    onSwitch.textContent = isOff() ? "Réactiver les raccourcis" : "Désactiver les raccourcis";
  }

  if (!panel) return;
  panel.hidden = false;
  show();
  onSwitch.addEventListener("click", function () {
    try { localStorage.setItem(OFF, isOff() ? "0" : "1"); } catch (error) { onSwitch.disabled = true; }
    show();
  });

  function typing(element) {
    return element.matches("textarea, select, input:not([type=checkbox]):not([type=radio])") || element.isContentEditable;
  }

  function current() {
    return rows.findIndex(function (row) { return row.contains(document.activeElement); });
  }

  function go(step) {
    var here = current();
    var next = here < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(here + step, 0), rows.length - 1);
    rows[next].querySelector("a").focus();
  }

  function tick() {
    var row = rows[current()];
    var box = row && row.querySelector("input[type=checkbox]");
    if (box) box.checked = !box.checked;
  }

  function write() {
    var message = document.querySelector("textarea[name=message]");
    if (message) return message.focus();
    var row = rows[current()];
    if (row) window.location.assign(row.querySelector("a").href + "#id_message");
  }

  function press(key) {
    var target = document.querySelector("[data-halle-key=" + key + "]");
    if (target) target.click();
  }

  var actions = {
    j: function () { if (rows.length) go(1); else press("j"); },
    k: function () { if (rows.length) go(-1); },
    x: tick,
    m: write,
    a: function () { press("a"); },
  };

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat && event.key === "a") return;
    if (isOff() || typing(event.target) || !Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
  });

  // Opened from the queue with "m": the message waits.
  if (window.location.hash === "#id_message") write();
})();
