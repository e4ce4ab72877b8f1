/*
 * test/browser/session.js: a whole upload session, in both languages, by hand, by keyboard alone, by strangers.
 */
import assert from "node:assert/strict";
import { startBrowser, Visit } from "./lib/browser.js";
import { png, sha256, writeAll } from "./lib/pictures.js";
import { EMAIL, Service, Store, tempFolder, until } from "./lib/servers.js";
import { finish, test } from "./lib/tap.js";

const store = new Store();
const service = await Service.start(store);
const browser = await startBrowser();
const pictures = Object.fromEntries(Array.from({ length: 24 }, (_, i) => [`${i % 3 ? "" : "close/"}seed ${i}.png`, png(`session ${i}`)]));
const folder = writeAll(`${tempFolder()}/tray 7`, pictures);
const lines = Object.entries(pictures).map(([name, bytes]) => `${name} ${sha256(bytes)}`).sort();

await test("a folder becomes a picture set with the bytes and names of its files", async () => {
	const visit = await Visit.begin(browser, service.url);
	await visit.fillIn();
	await visit.choose(folder);
	assert.equal(await visit.text("#review-count"), "24");
	assert.equal(await visit.page.inputValue("#set-name"), "tray 7");
	await visit.start();
	const set = await visit.done();
	assert.deepEqual(store.pictures(set).sort(), lines);
	assert.equal(store.sql(`SELECT name FROM nachet.picture_set WHERE id = '${set}'`), "tray 7");
	assert.equal(await visit.text("#done-head"), "24 pictures are in the datastore");
	assert.match(await visit.text("#done-there"), /^0 byte/);
	visit.quiet();

	await visit.page.click("#another");
	await visit.step("seeds");
	assert.equal(await visit.page.inputValue("#seed"), "Brassica napus", "the details stay for the next folder");
	await visit.page.press("#zoom", "Enter");
	await visit.step("pictures");
	await visit.choose(folder);
	await visit.start();
	assert.equal(await visit.done(), set, "the same folder once more is the same set");
	assert.match(await visit.text("#done-lead"), /was there already/);
	assert.match(await visit.text("#done-new"), /^0 byte/);
	await visit.end();
});

await test("in French, from the browser's language to the end", async () => {
	const visit = await Visit.begin(browser, service.url, { locale: "fr-CA" });
	await visit.step("user");
	assert.equal(await visit.page.getAttribute("html", "lang"), "fr");
	await visit.fillIn({ seed: "Solanum nigrum", zoom: "2,5" });
	await visit.choose(folder);
	assert.equal(await visit.text("#start"), "Envoyer 24 images");
	assert.match(await visit.text("#review-bytes"), /^\d+(,\d)?\sko$/);
	await visit.start();
	const set = await visit.done();
	assert.equal(await visit.text("#done-head"), "24 images sont dans l’entrepôt");
	assert.equal(store.sql(`SELECT DISTINCT picture -> 'user_data' ->> 'zoom' FROM nachet.picture WHERE picture_set_id = '${set}'`), "2.5");
	visit.quiet();
	await visit.end();
});

await test("the language is switched in the middle, and stays so", async () => {
	const visit = await Visit.begin(browser, service.url);
	await visit.step("user");
	await visit.page.fill("#email", "stranger@example.org");
	await visit.page.press("#email", "Enter");
	await visit.page.locator("#user-problem").waitFor();
	assert.match(await visit.text("#user-problem"), /not registered/);
	await visit.page.click("#language");
	await visit.page.locator("#user-problem", { hasText: "n’est pas inscrite" }).waitFor();
	assert.doesNotMatch(await visit.text("#user-problem"), /registered|register_user/, "and in no other language");
	await visit.page.reload();
	await visit.step("user");
	assert.equal(await visit.text("#step-user h2"), "Qui envoie les images\u00a0?");
	await visit.end();
});

await test("why a picture is refused is said in the reader's language, whether it was just sent or stored before", async () => {
	const broken = { [`${"long".repeat(40)}/${"name".repeat(40)}/cut: 1.png`]: png("refused").subarray(0, 300), "ok.png": png("accepted") };
	broken["zeros.png"] = Buffer.concat([png("zeros").subarray(0, 60), Buffer.alloc(400)]);
	const mixed = writeAll(`${tempFolder()}/refused`, broken);
	const visit = await Visit.begin(browser, service.url, { locale: "fr-CA" });
	await visit.fillIn();
	for (const when of ["just sent", "stored before"]) {
		await visit.choose(mixed);
		await visit.start();
		await visit.page.locator("#bad li").first().waitFor();
		const told = await visit.text("#bad");
		assert.match(told, /cut: 1\.png\s+Fichier incomplet\s: copiez-le de nouveau depuis la source\./, when);
		assert.match(told, /zeros\.png\s+Fichier endommagé/, when);
		assert.doesNotMatch(told, /PNG:|truncated|ok\.png/, when);
		await visit.page.click("#cancel");
		await visit.step("pictures");
		await visit.page.click("#choose-again");
	}
	visit.quiet();
	await visit.end();
});

await test("a seed that was removed meanwhile is said to be so, and what is registered then can be chosen", async () => {
	store.sql("SELECT nachet.register_seed('Passing seed')");
	const visit = await Visit.begin(browser, service.url);
	await visit.fillIn({ seed: "Passing seed" });
	await visit.choose(folder);
	store.sql("DELETE FROM nachet.seed WHERE name = 'Passing seed'; SELECT nachet.register_seed('New seed')");
	await visit.start();
	await visit.page.locator("#upload-problem", { hasText: "not registered any more" }).waitFor();
	assert.doesNotMatch(await visit.text("#upload-problem"), /nachet\./, "no SQL");
	await visit.page.click("#cancel");
	await visit.step("pictures");
	await visit.page.click("#back");
	await until("the new list", async () => {
		await visit.page.fill("#seed", "new seed");
		return (await visit.text("#seed-list li >> nth=0")) === "New seed";
	});
	await visit.page.press("#zoom", "Enter");
	await visit.step("pictures");
	await visit.start();
	await visit.done();
	assert.equal(await visit.text("#done-seed"), "New seed");
	store.sql("SELECT nachet.delete_picture_set(id) FROM nachet.picture_set; DELETE FROM nachet.seed WHERE name = 'New seed'");
	visit.quiet();
	await visit.end();
});

await test("what is wrong is said at its field, and the focus goes there", async () => {
	const visit = await Visit.begin(browser, service.url);
	await visit.step("user");
	await visit.page.fill("#email", "nobody");
	await visit.page.press("#email", "Enter");
	assert.match(await visit.text("#email-error"), /such as name@example.org/);
	assert.equal(await visit.page.getAttribute("#email", "aria-invalid"), "true");
	await visit.page.fill("#email", EMAIL);
	await visit.page.press("#email", "Enter");
	await visit.step("seeds");
	await visit.page.fill("#seed", "Brassica nap");
	await visit.page.fill("#nb-seeds", "2.5");
	await visit.page.fill("#zoom", "0");
	await visit.page.press("#zoom", "Enter");
	assert.match(await visit.text("#seed-error"), /registered seeds/);
	assert.match(await visit.text("#nb-seeds-error"), /whole number/);
	assert.match(await visit.text("#zoom-error"), /above 0/);
	assert.equal(await visit.page.evaluate("document.activeElement.id"), "seed");
	await visit.end();
});

await test("a number is taken only if it can be read in one way, and shown before and after the upload", async () => {
	const visit = await Visit.begin(browser, service.url);
	const { page } = visit;
	await page.fill("#email", EMAIL);
	await page.press("#email", "Enter");
	await visit.step("seeds");
	const refused = async (field, text) => {
		await page.fill(`#${field}`, text);
		await page.press(`#${field}`, "Tab");
		return (await page.getAttribute(`#${field}`, "aria-invalid")) === "true";
	};
	for (const text of ["1,000", "1.000", "1 000", "0x10", "1e3", "5.0", "+5", "-5", "0", "2147483648", "٥", "five", ""])
		assert.ok(await refused("nb-seeds", text), `${text} seeds`);
	for (const text of ["1,000", "1.000", "12.500x", "0x10", "1e3", "20 30", "1.2.3", "1,000,000", ".5", "20.", "20xx", "-20", "0", "0,0x", "9".repeat(400), ""])
		assert.ok(await refused("zoom", text), `zoom ${text}`);
	await page.fill("#zoom", "2,500");
	await page.press("#zoom", "Tab");
	assert.match(await visit.text("#zoom-error"), /thousands or as decimals/);
	for (const [text, zoom] of [["20x", "20"], ["×20", "20"], ["20 X", "20"], ["x 6,3", "6.3"], ["0.625×", "0.625"], ["1000", "1000"], ["2.5000", "2.5"]]) {
		await page.fill("#seed", "Brassica napus");
		await page.fill("#nb-seeds", " 1000 ");
		await page.fill("#zoom", text);
		await page.press("#zoom", "Enter");
		await visit.step("pictures");
		await visit.choose(folder);
		const shown = Number(zoom).toLocaleString("en");
		assert.equal(await visit.text("#review-zoom"), shown, text);
		assert.equal(await visit.text("#review-nb-seeds"), "1,000");
		await visit.start();
		const set = await visit.done();
		assert.equal(await visit.text("#done-zoom"), shown);
		assert.equal(await visit.text("#done-nb-seeds"), "1,000");
		assert.equal(store.sql(`SELECT DISTINCT picture #>> '{user_data,zoom}' || ' ' || nb_obj
			FROM nachet.picture WHERE picture_set_id = '${set}'`), `${zoom} 1000`);
		await page.click("#another");
		await visit.step("seeds");
	}
	visit.quiet();
	await visit.end();
});

await test("by keyboard alone", async () => {
	const visit = await Visit.begin(browser, service.url);
	const { keyboard } = visit.page;
	/* Asked for now, so that the browser knows of it long before the key is pressed. */
	const chooser = new Promise((resolve) => visit.page.once("filechooser", resolve));
	const focus = () => visit.page.evaluate("document.activeElement.id || document.activeElement.parentNode.id");
	const tabTo = async (id) => {
		for (let i = 0; i < 30; i++) {
			if ((await focus()) === id) return;
			await keyboard.press("Tab");
		}
		assert.fail(`Tab does not lead to ${id}`);
	};
	await visit.step("user");
	await tabTo("email");
	await keyboard.type(EMAIL);
	await keyboard.press("Enter");
	await visit.step("seeds");
	assert.equal(await focus(), "step-seeds", "the focus goes to the new step's head");
	await tabTo("seed");
	await keyboard.type("SOLA");
	await keyboard.press("ArrowDown");
	const active = await visit.page.getAttribute("#seed", "aria-activedescendant");
	assert.equal(await visit.page.getAttribute(`#${active}`, "aria-selected"), "true");
	await visit.shot("seeds-list");
	await keyboard.press("Enter");
	assert.match(await visit.page.inputValue("#seed"), /^Solanum /);
	assert.equal(await visit.page.getAttribute("#seed", "aria-expanded"), "false");
	await tabTo("nb-seeds");
	await keyboard.type("3");
	await tabTo("zoom");
	await keyboard.type("40");
	await keyboard.press("Enter");
	await visit.step("pictures");
	await tabTo("pick-folder");
	await keyboard.press("Enter");
	await (await chooser).setFiles(folder);
	await visit.page.locator("#review").waitFor();
	await tabTo("start");
	await keyboard.press("Enter");
	const set = await visit.done();
	assert.equal(await focus(), "done-head");
	assert.equal(store.pictures(set).length, 24);
	await tabTo("another");
	await keyboard.press("Enter");
	await visit.step("seeds");
	await visit.end();
});

await finish();
