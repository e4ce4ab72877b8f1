/*
 * test/browser/accessible.js: every state of the page in both languages, light and dark, wide and narrow.
 *
 * Rule: axe finds nothing in any of them, and none is wider than its window. Their pictures are in var/browser/ afterwards.
 */
import assert from "node:assert/strict";
import { startBrowser, Visit } from "./lib/browser.js";
import { png, writeAll } from "./lib/pictures.js";
import { Service, startProxy, Store, tempFolder, until } from "./lib/servers.js";
import { finish, test } from "./lib/tap.js";

const store = new Store();
const service = await Service.start(store);
let gate;
const held = await startProxy(service, { before: ({ url }) => (url.includes("stage") ? gate : null) });
const browser = await startBrowser();

/* Other bytes for each look, or they would be there already. */
function makeFolder(look) {
	const files = { "notes.txt": Buffer.from(look), ".DS_Store": Buffer.from("x"), "cut.png": png(look).subarray(0, 99) };
	for (let i = 0; i < 40; i++) files[`dish ${i % 4}/a picture whose name is long enough to be cut off ${i}.png`] = png(`${look} ${i}`, 240, 240);
	files["Solanum nigrum/1.png"] = png(`${look} another seed`, 240, 240);
	return writeAll(`${tempFolder()}/Brassica napus, tray 7`, files);
}

const looks = [
	{ name: "en-light", locale: "en-CA", colorScheme: "light", viewport: { width: 900, height: 860 } },
	{ name: "fr-dark", locale: "fr-CA", colorScheme: "dark", viewport: { width: 900, height: 860 } },
	{ name: "en-dark-narrow", locale: "en-CA", colorScheme: "dark", viewport: { width: 320, height: 640 } },
	{ name: "fr-light-narrow", locale: "fr-CA", colorScheme: "light", viewport: { width: 320, height: 640 } },
];

for (const { name, ...options } of looks) {
	await test(`all states, ${name}`, async () => {
		const visit = await Visit.begin(browser, held, options);
		const { page } = visit;
		const look = async (state) => {
			await visit.shot(`${name}-${state}`);
			await visit.accessible(state);
		};
		let open;
		gate = new Promise((resolve) => (open = resolve));
		await visit.step("user");
		await look("1-user");
		await page.fill("#email", "stranger@example.org");
		await page.press("#email", "Enter");
		await page.locator("#user-problem").waitFor();
		await look("2-stranger");
		await page.fill("#email", "someone@example.org");
		await page.press("#email", "Enter");
		await visit.step("seeds");
		await page.click("#step-seeds .primary");
		await look("3-seeds-wrong");
		await page.fill("#seed", "br");
		await look("4-seeds-list");
		await visit.fillIn({ email: "" });
		await look("5-choose");
		await visit.choose(makeFolder(name));
		await page.locator("#review-notices", { hasText: "notes.txt" }).waitFor();
		await until("thumbnails", () => page.evaluate(() => [...document.images].every(({ complete }) => complete)));
		await page.click("#review summary");
		await look("6-review");
		await page.locator("#question button").nth(1).click();
		await visit.start();
		await page.locator("#up-details summary").click();
		await until("a picture on its way", () => page.evaluate(() => document.querySelector(".sending")));
		await look("7-upload");
		open();
		await page.locator("#leave-out").waitFor();
		await look("8-bad");
		await page.click("#leave-out");
		await visit.done();
		await page.click("#done-out summary");
		await look("9-done");
		visit.quiet();
		await visit.end();
	});
}

await test("progress and ends are told to those who hear the page, and nothing moves for those who want no motion", async () => {
	const visit = await Visit.begin(browser, held, { reducedMotion: "reduce" });
	gate = null;
	await visit.page.evaluate(() => {
		window.heard = [];
		new MutationObserver(() => heard.push(document.querySelector("#live").textContent))
			.observe(document.querySelector("#live"), { childList: true, characterData: true, subtree: true });
	});
	await visit.fillIn();
	await visit.choose(makeFolder("heard"));
	await visit.page.locator("#question button").first().click();
	await visit.start();
	await visit.page.click("#leave-out");
	await visit.done();
	const heard = (await visit.page.evaluate("heard")).join("\n");
	assert.match(heard, /\d+%, \d+ of 40 pictures/);
	assert.match(heard, /40 pictures are in the datastore/);
	assert.equal(await visit.page.evaluate(() => document.getAnimations().length), 0);
	await visit.end();
});

await finish();
