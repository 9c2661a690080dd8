/* Keeps a page true while it is open: asks every ten seconds, puts in what has changed, says when nobody answers.
   What has the focus keeps it, and a change of the state is told to who listens to the page.
   A copy (which has .copy) asks for nothing but its own age. The page says the same without this file. */
(() => {
  "use strict";
  const EVERY = 10000;
  const STALE = 300000;
  const spans = [["s", 60], ["m", 60], ["h", 24], ["d", Infinity]];
  const aged = (element, seconds) => {
    const units = element.dataset.units.split("|");
    let value = Math.max(0, Math.floor(seconds));
    for (let unit = 0; ; unit += 1) {
      if (value < spans[unit][1]) return units[unit].replace("{n}", value);
      value = Math.floor(value / spans[unit][1]);
    }
  };

  const copy = document.querySelector(".copy");
  if (copy) {
    let made = Number(copy.dataset.made);
    const tell = () => {
      const age = Date.now() - made;
      const stale = age > STALE;
      const text = (stale ? copy.dataset.stale : copy.dataset.fresh).replace("{age}", aged(copy, age / 1000));
      copy.classList.toggle("stale", stale);
      if (copy.textContent !== text) copy.textContent = text;
    };
    tell();
    setInterval(tell, 15000);
    fetch(copy.dataset.version, { cache: "no-cache" })
      .then((reply) => reply.json())
      .then((version) => { made = Math.max(made, version.made_ms); tell(); })
      .catch(() => {});
    return;
  }

  let tag = null;
  let looked = performance.now();
  let away = 0;
  const seen = () => document.getElementById("seen");
  const tell = () => {
    const line = seen();
    if (!line) return;
    line.parentElement.classList.toggle("away", away > 0);
    const clock = new Date(away).toISOString().slice(11, 16) + " UTC";
    const text = away
      ? line.dataset.away.replace("{clock}", clock)
      : line.dataset.ago.replace("{age}", aged(line, (performance.now() - looked) / 1000));
    if (line.textContent !== text) line.textContent = text;
  };
  const news = document.createElement("p");
  news.className = "unseen";
  news.setAttribute("role", "status");
  const said = (main) => main.querySelector(".verdict h1, .verdict .state-line, .alone .tags")?.innerText || "";
  const put = (text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    const main = document.querySelector("main");
    const before = said(main);
    const open = new Set([...main.querySelectorAll("details[open]")].map((one) => one.parentElement.firstElementChild.id));
    const focus = document.activeElement;
    const kind = main.contains(focus) && focus !== main ? focus.localName : null;
    const place = kind ? [...main.querySelectorAll(kind)].indexOf(focus) : -1;
    const address = kind ? focus.getAttribute("href") : null;
    main.replaceChildren(...fresh.querySelector("main").childNodes);
    for (const one of main.querySelectorAll("details")) one.open = open.has(one.parentElement.firstElementChild.id);
    if (kind) {
      const all = [...main.querySelectorAll(kind)];
      (all.find((one) => address && one.getAttribute("href") === address) || all[place])?.focus({ preventScroll: true });
    }
    document.title = fresh.title;
    if (said(main) !== before) news.textContent = said(main);
  };
  const ask = async () => {
    if (document.hidden || String(document.getSelection())) return;
    try {
      const headers = tag ? { "If-None-Match": tag } : {};
      const reply = await fetch(location.href, { cache: "no-store", headers, signal: AbortSignal.timeout(EVERY) });
      if (reply.status === 200) {
        if (tag || away) put(await reply.text());
        tag = reply.headers.get("ETag");
      } else if (reply.status !== 304) {
        throw new Error(String(reply.status));
      }
      looked = performance.now() - 1000 * Number(reply.headers.get("Status-Age"));
      away = 0;
    } catch {
      away = away || Date.now();
    }
    tell();
  };
  if (seen()) {
    document.querySelector("footer").append(news);
    ask();
    setInterval(ask, EVERY);
    setInterval(tell, 1000);
    document.addEventListener("visibilitychange", ask);
  }
})();
