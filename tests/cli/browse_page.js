// Opens a page in headless Chromium and prints what a reader would meet, as one JSON object.
// usage: node browse_page.js NODE_MODULES CHROMIUM PAGE FILTER [SCREENSHOTS]
// SCREENSHOTS: a folder for pictures, for people.
"use strict";
const path = require("path");
const { pathToFileURL } = require("url");
const [modules, chromium, page, filter, screenshots] = process.argv.slice(2);
const { chromium: browserType } = require(path.join(modules, "playwright-core"));

const looks = [
  { name: "light", viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  { name: "dark", viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  { name: "phone", viewport: { width: 360, height: 740 }, colorScheme: "light", isMobile: true, deviceScaleFactor: 2 },
  { name: "plain", viewport: { width: 1280, height: 900 }, colorScheme: "light", javaScriptEnabled: false },
];

/// Runs in the page.
function survey() {
  const shown = (e) => e !== null && e.getClientRects().length > 0;
  const rows = [...document.querySelectorAll("tr.row")];
  const first = document.querySelector("tr.first");
  const same = document.querySelector("tr.row:not(.first)");
  const ground = (row) => row && getComputedStyle(row.cells[0]).backgroundColor;
  return {
    overflow: document.documentElement.scrollWidth - window.innerWidth,
    rows: rows.filter(shown).length,
    tools: shown(document.getElementById("tools")),
    first: first && shown(first) ? first.id : null,
    highlighted: first !== null && ground(first) !== ground(same),
    heat: document.querySelectorAll("svg.heat rect").length,
    scripts: document.querySelectorAll("script").length,
    foreign: document.querySelectorAll("img, iframe, object, embed, form, link:not([rel=icon]), base").length,
    handlers: [...document.querySelectorAll("*")].filter((e) => [...e.attributes].some((a) => /^on|^style$/.test(a.name))).length,
    title: document.title,
    ink: getComputedStyle(document.body).color,
    broken: [...document.querySelectorAll('a[href^="#s"]')].length,
  };
}

async function look(browser, options, findings) {
  const context = await browser.newContext(options);
  const tab = await context.newPage();
  tab.on("console", (m) => findings.console.push(`${options.name}: ${m.text()}`));
  tab.on("pageerror", (e) => findings.console.push(`${options.name}: ${e.message}`));
  tab.on("dialog", (d) => { findings.dialogs += 1; d.dismiss(); });
  tab.on("request", (r) => findings.requests.push(r.url()));
  await tab.goto(pathToFileURL(page).href);
  const seen = await tab.evaluate(survey);
  if (screenshots) await tab.screenshot({ path: path.join(screenshots, `${options.name}.png`), fullPage: true });
  if (options.name === "light") Object.assign(seen, await use(tab));
  findings[options.name] = seen;
  await context.close();
}

/// Filter and keys.
async function use(tab) {
  const visible = () => tab.evaluate(() => [...document.querySelectorAll("tr.row")].filter((r) => !r.hidden).map((r) => r.id));
  const focused = () => tab.evaluate(() => document.activeElement.closest("tr")?.id ?? document.activeElement.id);
  const used = { all: (await visible()).length };
  await tab.keyboard.press("/");
  used.slash = await focused();
  await tab.keyboard.type(filter);
  used.filtered = await visible();
  await tab.keyboard.press("Escape");
  used.cleared = (await visible()).length;
  await tab.keyboard.press("j");
  used.down = await focused();
  await tab.keyboard.press("j");
  await tab.keyboard.press("k");
  used.up = await focused();
  await tab.keyboard.press("Enter");
  used.opened = await tab.evaluate(() => document.querySelector("tr.row details").open);
  await tab.keyboard.press("d");
  used.divergence = await focused();
  if (await tab.locator("#only").count()) {
    await tab.locator("#only").check();
    used.differing = await visible();
  }
  return used;
}

(async () => {
  const root = process.getuid() === 0;
  const browser = await browserType.launch({ executablePath: chromium, args: root ? ["--no-sandbox"] : [] });
  const findings = { console: [], requests: [], dialogs: 0 };
  for (const options of looks) await look(browser, options, findings);
  await browser.close();
  const own = pathToFileURL(page).href;
  findings.requests = findings.requests.filter((url) => url !== own && url !== "data:,");
  console.log(JSON.stringify(findings));
})();
