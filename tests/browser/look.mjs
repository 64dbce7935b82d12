// Opens pages of a built board from disk and prints, as JSON, what is wrong with them; the tests judge the answer.
// usage: node look.mjs BROWSER TASK FOLDER PAGE...    where TASK is one of those at the end.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [executablePath, task, folder, ...pages] = process.argv.slice(2);
const address = (page) => pathToFileURL(join(folder, page)).href;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SIZES = [{ width: 390, height: 844 }, { width: 1440, height: 900 }];
const SCHEMES = ["light", "dark"];

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });

/** A page whose errors, console lines and requests beyond the disk are kept. */
const opened = async (options = {}) => {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const noise = [];
  page.on("pageerror", (error) => noise.push(String(error)));
  page.on("console", (message) => noise.push(message.text()));
  page.on("request", (request) => /^(file|data):/.test(request.url()) || noise.push("fetched " + request.url()));
  return { context, page, noise };
};

/** Links and anchors of every page, as the browser resolves them. */
const links = async () => {
  const { page, noise } = await opened();
  const found = {};
  for (const name of pages) {
    await page.goto(address(name));
    found[name] = await page.evaluate(() => ({
      ids: Array.from(document.querySelectorAll("[id]"), (element) => element.id),
      links: Array.from(document.querySelectorAll("[href]"), (element) =>
        new URL(element.getAttribute("href"), document.baseURI).href),
    }));
  }
  return { pages: found, noise };
};

/** Sideways overflow at both sizes; serious and critical findings of axe in both schemes. */
const look = async () => {
  const wrong = [];
  for (const [place, viewport] of SIZES.entries()) {
    // Bypassing the policy lets axe in; the policy itself is tested where nothing is bypassed.
    const { page } = await opened({ viewport, colorScheme: SCHEMES[place], bypassCSP: true });
    for (const name of pages) {
      await page.goto(address(name));
      for (const scheme of SCHEMES) {
        await page.emulateMedia({ colorScheme: scheme });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        if (wide > 0) wrong.push(`${name}: ${wide} px too wide at ${viewport.width} px, ${scheme}`);
      }
      // Phone in the dark, desk in the light: together every colour and every layout once.
      await page.emulateMedia({ colorScheme: SCHEMES[1 - place] });
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
      for (const { id, impact, nodes } of violations.filter((one) => ["serious", "critical"].includes(one.impact)))
        wrong.push(`${name}: ${impact} ${id} at ${viewport.width} px, ${SCHEMES[1 - place]}: ${nodes[0].target} ` +
          `(${nodes.length}): ${nodes[0].failureSummary}`);
    }
  }
  return { wrong };
};

const rowsOf = (table) => table.evaluate((element) =>
  Array.from(element.tBodies[0].rows, (row) => ({
    cells: Array.from(row.cells, (cell) => (cell.firstChild ? cell.firstChild.textContent.trim() : "")),
    shown: row.getClientRects().length > 0,
    data: { ...row.dataset },
  })));

/** The main table before and after each sort of each column, and after each choice of each filter. */
const act = async () => {
  const { page, noise } = await opened({ viewport: SIZES[1] });
  const [name] = pages;
  await page.goto(address(name));
  const form = page.locator(".filters").first();
  const table = page.locator("#" + (await form.getAttribute("data-for")));
  const before = await rowsOf(table);
  const sorts = [];
  for (const head of await table.locator("thead th[data-c]").all()) {
    const column = Number(await head.getAttribute("data-c"));
    const button = head.locator("button");
    for (const press of [() => button.click(), () => button.focus().then(() => page.keyboard.press("Enter"))]) {
      await press();
      sorts.push({ column, order: await head.getAttribute("aria-sort"), rows: await rowsOf(table) });
    }
  }
  const marked = await table.locator("[aria-sort]").count();
  const filters = [];
  for (const control of await form.locator("[data-by]").all()) {
    const by = await control.getAttribute("data-by");
    const values = by === "gaps" ? [true] : await control.evaluate((element) =>
      Array.from(element.options, (option) => option.value).filter((value) => value !== ""));
    for (const value of values) {
      await (by === "gaps" ? control.check() : control.selectOption(value));
      filters.push({ by, value, rows: await rowsOf(table), count: await form.locator(".count").textContent() });
    }
    await (by === "gaps" ? control.uncheck() : control.selectOption(""));
  }
  return { before, sorts, marked, filters, after: await rowsOf(table), noise };
};

/** What a page shows with script and without: its words, its rows, and controls that would do nothing. */
const script = async () => {
  const found = {};
  for (const javaScriptEnabled of [true, false]) {
    const { page, noise } = await opened({ javaScriptEnabled });
    for (const name of pages) {
      await page.goto(address(name));
      const words = async (selector) => (await page.locator(selector).allInnerTexts()).join(" ").split(/\s+/).join(" ");
      const controls = await page.locator("button:visible, select:visible, input:visible").count();
      (found[name] ??= []).push({ words: await words("table"), rest: await words("main > *"), controls });
    }
    if (noise.length) found.noise = noise;
  }
  return found;
};

try {
  console.log(JSON.stringify(await { links, look, act, script }[task]()));
} finally {
  await browser.close();
}
