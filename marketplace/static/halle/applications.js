// Halle — the button of applications, for the pages of other services: no inline style, nothing evaluated, and
// only Halle is asked, once the button is pressed. Without this script the element's own link leads there too.
(function () {
  "use strict";

  var halle = new URL(document.currentScript.src).origin;

  function element(name, attributes, text) {
    var made = document.createElement(name);
    Object.keys(attributes).forEach(function (key) { made.setAttribute(key, attributes[key]); });
    if (text) made.textContent = text;
    return made;
  }

  function link(url, text) {
    var item = element("li", {});
    item.appendChild(element("a", { href: url }, text));
    return item;
  }

  function fill(panel, answer) {
    var mine = answer.organization ? answer.services.filter(function (one) { return one.subscribed; }) : answer.services;
    var title = answer.organization ? answer.organization.name : "Tous les services";
    panel.textContent = "";
    panel.appendChild(element("p", { class: "halle-applications__title" }, title));
    var list = element("ul", { class: "halle-applications__list" });
    mine.forEach(function (one) {
      if (/^https?:/.test(one.url)) list.appendChild(link(one.url, one.name));
    });
    list.appendChild(link(halle + "/mes-applications/", "Toutes mes applications"));
    panel.appendChild(list);
  }

  function tellMissing(panel) {
    panel.textContent = "";
    panel.appendChild(element("p", {}, "La liste ne peut pas être lue pour le moment."));
    var list = element("ul", { class: "halle-applications__list" });
    list.appendChild(link(halle + "/mes-applications/", "Toutes mes applications"));
    panel.appendChild(list);
  }

  function place(host, number) {
    var id = "halle-applications-" + number;
    var label = host.dataset.label || "Applications";
    var button = element("button", { type: "button", class: "halle-applications__button", "aria-expanded": "false", "aria-controls": id }, label);
    var panel = element("div", { id: id, class: "halle-applications__panel", "aria-live": "polite" });
    panel.hidden = true;

    function close() {
      panel.hidden = true;
      button.setAttribute("aria-expanded", "false");
    }

    // On the side where there is room for it.
    function settle() {
      panel.classList.remove("halle-applications__panel--end");
      var over = panel.getBoundingClientRect().right > document.documentElement.clientWidth;
      panel.classList.toggle("halle-applications__panel--end", over);
    }

    function load() {
      var query = new URLSearchParams({ operator: host.dataset.operator || "" });
      ["siret", "siren", "insee"].forEach(function (name) { if (host.dataset[name]) query.set(name, host.dataset[name]); });
      panel.textContent = "Chargement…";
      fetch(halle + "/api/v1.0/lagaufre/services/?" + query, { credentials: "omit" })
        .then(function (answer) {
          if (!answer.ok) throw new Error(String(answer.status));
          return answer.json();
        })
        .then(function (answer) { fill(panel, answer); }, function () { tellMissing(panel); })
        .then(settle);
    }

    button.addEventListener("click", function () {
      if (!panel.hidden) return close();
      panel.hidden = false;
      button.setAttribute("aria-expanded", "true");
      load();
    });
    host.addEventListener("keydown", function (event) {
      if (event.key !== "Escape" || panel.hidden) return;
      close();
      button.focus();
    });
    document.addEventListener("click", function (event) { if (!host.contains(event.target)) close(); });
    host.textContent = "";
    host.appendChild(button);
    host.appendChild(panel);
  }

  document.querySelectorAll("[data-halle-applications]").forEach(place);
})();
