"use strict";

// Follows the message on this page until it is over: asks for its page, and takes over the parts that changed.
// Without this script the links on the page do the same by hand.

const FIRST_MS = 300;
const LONGEST_MS = 5000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function asked(address) {
  try {
    const reply = await fetch(address, { headers: { Accept: "text/html" }, credentials: "same-origin" });
    return { ok: reply.ok, page: new DOMParser().parseFromString(await reply.text(), "text/html") };
  } catch {
    return null; // the network is away for a moment
  }
}

function takeOver(page) {
  for (const fresh of page.querySelectorAll("[data-part]")) {
    const old = document.querySelector(`[data-part="${fresh.dataset.part}"]`);
    if (!old || old.innerHTML === fresh.innerHTML || old.contains(document.activeElement)) continue;
    old.replaceChildren(...Array.from(fresh.childNodes, (node) => document.importNode(node, true)));
  }
}

async function follow(address) {
  const said = document.getElementById("said");
  let state = document.querySelector("[data-state]")?.dataset.state;
  for (let wait = FIRST_MS; ; wait = Math.min(wait * 1.3, LONGEST_MS)) {
    await pause(wait);
    if (document.hidden) continue;
    const found = await asked(address);
    if (found === null) continue;
    if (!found.ok) return; // signed out, or the message is gone: the page says what it last knew
    takeOver(found.page);
    const now = found.page.querySelector("[data-state]")?.dataset.state;
    if (now !== state) said.textContent = `The message is ${now}.`;
    state = now;
    if (!found.page.querySelector("[data-follow]")) return;
  }
}

const followed = document.querySelector("[data-follow]");
if (followed) follow(followed.dataset.follow);
