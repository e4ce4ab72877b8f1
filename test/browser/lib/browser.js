/*
 * test/browser/lib/browser.js: Debian's Chromium with the page in it, and the hands that work it.
 *
 * Rule: a page that tells of an error nobody expected, such as a breach of its Content-Security-Policy, fails the test
 * that asks for `quiet`. Pictures of the screen go to var/browser/, for a person to look at.
 */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { ROOT, EMAIL } from "./servers.js";
import { after } from "./tap.js";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const SHOTS = join(ROOT, "var/browser");
mkdirSync(SHOTS, { recursive: true });

export async function startBrowser() {
	const root = process.getuid() === 0 ? ["--no-sandbox"] : [];
	const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: root });
	after(() => browser.close());
	return browser;
}

export class Visit {
	/* options are those of a browser context: locale, colorScheme, viewport. */
	static async begin(browser, url, options = {}) {
		const visit = new Visit();
		visit.context = await browser.newContext({ locale: "en-CA", viewport: { width: 900, height: 860 }, ...options });
		visit.page = await visit.context.newPage();
		visit.page.setDefaultTimeout(15000);
		visit.errors = [];
		visit.requests = [];
		visit.page.on("pageerror", (error) => visit.errors.push(String(error)));
		visit.page.on("console", (message) => {
			/* Chromium itself tells of every answer of 400 and above. */
			if (message.type() === "error" && !/^Failed to load resource/.test(message.text())) visit.errors.push(message.text());
		});
		visit.page.on("request", (request) => visit.requests.push(request.url()));
		await visit.page.goto(url);
		return visit;
	}

	quiet() {
		assert.deepEqual(this.errors, []);
	}

	async end() {
		await this.context.close();
	}

	/* Waits until a step is shown. */
	async step(name, limit = 15) {
		await this.page.locator(`#step-${name}`).waitFor({ state: "visible", timeout: limit * 1000 });
	}

	async fillIn({ email = EMAIL, seed = "Brassica napus", count = "5", zoom = "20" } = {}) {
		const { page } = this;
		if (email) {
			await this.step("user");
			await page.fill("#email", email);
			await page.press("#email", "Enter");
		}
		await this.step("seeds");
		await page.fill("#seed", seed);
		await page.fill("#nb-seeds", count);
		await page.fill("#zoom", zoom);
		await page.press("#zoom", "Enter");
		await this.step("pictures");
	}

	async choose(folder) {
		await this.page.setInputFiles("#folder-input", folder);
		await this.reviewed();
	}

	/* Waits until the page has looked into all files. */
	async reviewed() {
		await this.page.locator("#review").waitFor();
		await this.page.locator("#start").filter({ hasText: /Upload|Envoyer/ }).waitFor();
	}

	start() {
		return this.page.click("#start");
	}

	text(selector) {
		return this.page.locator(selector).innerText();
	}

	/* Waits for the end of an upload and returns the set's id. */
	async done(limit = 60) {
		await this.step("done", limit);
		return this.text("#done-id");
	}

	/* Lets go of files and folders over the page, as a hand does that drags them from the desktop. */
	async drop(paths) {
		const client = await this.context.newCDPSession(this.page);
		const { x, y, width, height } = await this.page.locator("#step-pictures").boundingBox();
		const data = { items: [], files: paths, dragOperationsMask: 1 };
		for (const type of ["dragEnter", "dragOver", "drop"])
			await client.send("Input.dispatchDragEvent", { type, x: x + width / 2, y: y + height / 2, data });
		await client.detach();
	}

	shot(name, options = {}) {
		return this.page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true, ...options });
	}

	/* No violation of WCAG 2.1 A or AA or of axe's own good practice, and nothing wider than the window. */
	async accessible(state) {
		await this.page.evaluate(AXE);
		const { violations } = await this.page.evaluate(() => axe.run(document));
		const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
		assert.deepEqual(told, [], `axe: ${state}`);
		const wide = await this.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
		assert.ok(wide <= 0, `${state} is ${wide} pixels too wide`);
	}
}

