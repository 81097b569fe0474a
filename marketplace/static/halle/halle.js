// Halle — small progressive help. Every page works without it.
// Hooks are data-halle-* attributes; no inline script, no eval, no inline style.
(function () {
  "use strict";

  // One polite voice for the whole page, in base.html.
  function announce(text) {
    var live = document.getElementById("halle-live");
    if (live && live.textContent !== text) live.textContent = text;
  }

  // Menus are <details>: Escape, a click and a focus elsewhere close them.
  function closeMenus(except) {
    document.querySelectorAll("details.halle-menu[open]").forEach(function (menu) {
      if (menu !== except) menu.open = false;
    });
  }
  document.addEventListener("click", function (event) {
    closeMenus(event.target.closest("details.halle-menu"));
  });
  // Tab leads out of an open menu: it must not hide what is then focused.
  document.addEventListener("focusin", function (event) {
    closeMenus(event.target.closest("details.halle-menu"));
  });
  document.addEventListener("keydown", function (event) {
    var menu = event.key === "Escape" && event.target.closest("details.halle-menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // On a narrow screen a long menu folds behind a button that says where one is.
  document.querySelectorAll(".halle-nav__list").forEach(function (list) {
    if (list.children.length < 7) return;
    var button = document.createElement("button");
    var here = list.querySelector("[aria-current]");
    button.type = "button";
    button.className = "halle-nav__fold";
    button.textContent = here ? "Menu\u00a0: " + here.textContent.trim() : "Menu";
    button.setAttribute("aria-controls", list.id);
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", function () {
      button.setAttribute("aria-expanded", String(button.getAttribute("aria-expanded") === "false"));
    });
    list.before(button);
  });

  // On a narrow screen, column names move beside their cells. `display: block` makes browsers forget
  // that this is a table, so the roles are written back.
  function prepareTable(table) {
    if (table.dataset.halleReady) return;
    table.dataset.halleReady = "1";
    var names = Array.from(table.querySelectorAll("thead tr:last-child > *"), function (cell) {
      return cell.textContent.trim();
    });
    table.setAttribute("role", "table");
    table.querySelectorAll("thead, tbody, tfoot").forEach(function (part) { part.setAttribute("role", "rowgroup"); });
    table.querySelectorAll("tr").forEach(function (row) {
      row.setAttribute("role", "row");
      var column = 0;
      Array.from(row.cells).forEach(function (cell) {
        var heads = cell.tagName === "TH";
        cell.setAttribute("role", !heads ? "cell" : cell.closest("thead") ? "columnheader" : "rowheader");
        if (!cell.closest("thead") && !cell.dataset.label) cell.dataset.label = cell.colSpan > 1 ? "" : names[column] || "";
        column += cell.colSpan;
      });
    });
    table.classList.add("halle-table--cards");
  }

  // A scroll region is only a keyboard stop while there is something to scroll.
  var watchOverflow = new ResizeObserver(function (entries) {
    entries.forEach(function (entry) {
      var region = entry.target;
      if (region.scrollWidth > region.clientWidth) region.tabIndex = 0;
      else region.removeAttribute("tabindex");
    });
  });

  // Combobox: the suggestions come from the server (htmx) as <li data-value data-text> in a list.
  function prepareCombobox(picker) {
    if (picker.dataset.halleReady) return;
    picker.dataset.halleReady = "1";
    var input = picker.querySelector("[data-halle-combobox-input]");
    var code = picker.querySelector("[data-halle-combobox-value]");
    var list = picker.querySelector("[data-halle-combobox-list]");
    var active = -1;
    picker.classList.add("halle-picker--live");
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-controls", list.id);

    function options() { return Array.from(list.querySelectorAll("[data-value]")); }

    function mark(index) {
      var all = options();
      active = all.length ? (index + all.length) % all.length : -1;
      all.forEach(function (option, i) { option.setAttribute("aria-selected", String(i === active)); });
      if (active < 0) return input.removeAttribute("aria-activedescendant");
      input.setAttribute("aria-activedescendant", all[active].id);
      all[active].scrollIntoView({ block: "nearest" });
    }

    function close() {
      list.textContent = "";
      active = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }

    function choose(option) {
      input.value = option.dataset.text;
      code.value = option.dataset.value;
      close();
      input.form.requestSubmit();
    }

    input.addEventListener("input", function () { code.value = ""; });
    input.addEventListener("keydown", function (event) {
      var all = options();
      if (event.key === "Escape" && all.length) { close(); event.preventDefault(); }
      else if (event.key === "ArrowDown" && all.length) { mark(active + 1); event.preventDefault(); }
      else if (event.key === "ArrowUp" && all.length) { mark(active < 0 ? all.length - 1 : active - 1); event.preventDefault(); }
      else if (event.key === "Enter" && active >= 0) { choose(all[active]); event.preventDefault(); }
      else if (event.key === "Tab") close();
    });
    list.addEventListener("mousedown", function (event) { event.preventDefault(); });
    list.addEventListener("click", function (event) {
      var option = event.target.closest("[data-value]");
      if (option) { event.preventDefault(); choose(option); }
    });
    input.addEventListener("blur", close);
    list.addEventListener("htmx:afterSwap", function () {
      var all = options();
      if (document.activeElement !== input) return close();
      active = -1;
      input.setAttribute("aria-expanded", String(all.length > 0));
      all.forEach(function (option) {
        // In the live list an option is chosen by the combobox: its link is only for pages without JavaScript.
        option.querySelectorAll("a").forEach(function (link) { link.removeAttribute("href"); });
      });
      announce(all.length === 0 ? "Aucune commune trouvée." : all.length === 1
        ? "1 commune proposée. Flèche bas pour la choisir."
        : all.length + " communes proposées. Flèche bas pour parcourir la liste.");
    });
  }

  var folded = {};

  function prepare(root) {
    root.querySelectorAll("table[data-halle-cards]").forEach(prepareTable);
    root.querySelectorAll(".halle-table-scroll").forEach(function (region) { watchOverflow.observe(region); });
    root.querySelectorAll("[data-halle-combobox]").forEach(prepareCombobox);
    root.querySelectorAll("details[data-halle-open-wide]").forEach(function (details) {
      if (details.dataset.halleReady) return;
      details.dataset.halleReady = "1";
      // What she opened or folded herself stays so when the part is replaced.
      var chosen = details.id in folded ? folded[details.id] : window.matchMedia("(min-width: 60rem)").matches;
      details.open = chosen;
      details.querySelector("summary").addEventListener("click", function () { folded[details.id] = !details.open; });
    });
    var summary = root.querySelector("[data-halle-error-summary]:not([data-halle-ready])");
    if (summary) {
      summary.dataset.halleReady = "1";
      summary.focus();
    }
    root.querySelectorAll("[data-halle-print]").forEach(function (button) {
      if (!button.hidden) return;
      button.hidden = false;
      button.addEventListener("click", function () { window.print(); });
    });
  }

  document.addEventListener("DOMContentLoaded", function () { prepare(document); });

  // After a partial update: prepare what arrived, and say its status aloud if it changed.
  document.addEventListener("htmx:load", function (event) {
    var part = event.detail.elt;
    if (part === document.body) return;
    prepare(part.parentElement || part);
    var spoken = part.matches("[data-halle-announce]") ? part : part.querySelector("[data-halle-announce]");
    if (spoken) announce(spoken.dataset.halleAnnounce);
  });
})();
