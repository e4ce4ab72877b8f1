/*
 * test/browser/survival.js: uploads whose service or database goes away, that are cancelled, or whose page is left.
 *
 * Rule: a proxy holds staged requests up, so that an upload stays in its middle for as long as a test needs it to.
 */
import assert from "node:assert/strict";
import { startBrowser, Visit } from "./lib/browser.js";
import { bmp, sha256, writeAll } from "./lib/pictures.js";
import { EMAIL, Service, startProxy, Store, tempFolder, until } from "./lib/servers.js";
import { finish, test } from "./lib/tap.js";

const store = new Store();
const service = await Service.start(store, ["--drain-timeout", "1", "--pool-wait", "1"]);
/* A staged request is held up at the gate until the gate is open. */
let gate = Promise.resolve();
let staged = 0;
let beforeSet = null; /* what happens once, after pictures were staged and before the set is made of them */
const slow = await startProxy(service, {
	before: async ({ url }) => {
		if (url.includes("stage")) {
			staged++;
			await gate;
		} else if (staged && beforeSet) {
			beforeSet();
			beforeSet = null;
		}
	},
});
const browser = await startBrowser();
let made = 0;

/* 90 pictures of 1 MB: several requests; other ones each time. */
function makeFolder(name) {
	const pictures = {};
	made++;
	for (let i = 0; i < 90; i++) pictures[`${i % 2 ? "left" : "right"}/${i}.bmp`] = bmp(1 << 20, `${made}:${i}`);
	const lines = Object.entries(pictures).map(([path, bytes]) => `${path} ${sha256(bytes)}`).sort();
	return { folder: writeAll(`${tempFolder()}/${name}`, pictures), lines };
}

/* Starts an upload and waits until some of it is stored and more is held up at the gate; returns what opens it. */
async function reachMiddle(folder, visit, name) {
	let open;
	await visit.fillIn();
	await visit.choose(folder);
	if (name) await visit.page.fill("#set-name", name);
	staged = 0;
	gate = Promise.resolve();
	const stored = Number(store.sql("SELECT count(*) FROM nachet.content"));
	await visit.start();
	await until("some requests", () => staged >= 1);
	gate = new Promise((resolve) => (open = resolve));
	await until("something stored", () => Number(store.sql("SELECT count(*) FROM nachet.content")) > stored);
	return open;
}

const setsNamed = (name) => store.sql(`SELECT count(*) FROM nachet.picture_set WHERE name = '${name}'`);

await test("the service is killed in the middle, and started again", async () => {
	const { folder, lines } = makeFolder("killed");
	const visit = await Visit.begin(browser, slow);
	const open = await reachMiddle(folder, visit);
	await service.kill();
	open();
	await visit.page.locator("#outage").waitFor();
	assert.match(await visit.text("#outage"), /does not answer/);
	await until("no speed", async () => (await visit.text("#up-rate")) === "–" && (await visit.text("#up-left")) === "–");
	await visit.shot("outage");
	await visit.accessible("outage");
	await service.start();
	await visit.page.click("#outage-now", { timeout: 1000 }).catch(() => {});
	const set = await visit.done(60);
	assert.equal(await visit.page.isVisible("#outage"), false);
	assert.deepEqual(store.pictures(set).sort(), lines);
	assert.equal(setsNamed("killed"), "1");
	visit.quiet();
	await visit.end();
});

await test("the database is restarted in the middle", async () => {
	const { folder, lines } = makeFolder("restarted");
	const visit = await Visit.begin(browser, slow);
	const open = await reachMiddle(folder, visit);
	store.stop("immediate");
	open();
	await visit.page.locator("#outage").waitFor();
	assert.match(await visit.text("#outage"), /database/i, "the service's own words are there");
	store.start();
	const set = await visit.done(60);
	assert.deepEqual(store.pictures(set).sort(), lines);
	visit.quiet();
	await visit.end();
});

await test("cancelled, and taken up again: what has arrived is not sent again", async () => {
	const { folder, lines } = makeFolder("cancelled");
	const visit = await Visit.begin(browser, slow);
	const open = await reachMiddle(folder, visit);
	await visit.page.click("#cancel");
	await visit.page.locator("#again").waitFor();
	assert.match(await visit.text("#step-upload"), /was stopped/);
	await visit.shot("stopped");
	open();
	assert.equal(setsNamed("cancelled"), "0");
	await visit.page.click("#again");
	const set = await visit.done(60);
	assert.deepEqual(store.pictures(set).sort(), lines);
	assert.doesNotMatch(await visit.text("#done-there"), /^0 byte/);
	visit.quiet();
	await visit.end();
});

await test("reloaded in the middle: the same folder, chosen again, goes on", async () => {
	const { folder, lines } = makeFolder("reloaded");
	const visit = await Visit.begin(browser, slow);
	const open = await reachMiddle(folder, visit, "Session A");
	let asked = "";
	visit.page.once("dialog", (dialog) => {
		asked = dialog.type();
		dialog.accept();
	});
	await visit.page.reload();
	assert.equal(asked, "beforeunload", "the browser asks before an upload is left");
	open();
	await visit.step("seeds");
	assert.equal(await visit.page.inputValue("#zoom"), "20", "what was typed is still there");
	await visit.page.press("#zoom", "Enter");
	await visit.step("pictures");
	assert.match(await visit.text("#resume"), /“Session A” was interrupted/);
	await visit.shot("resume");
	await visit.choose(folder);
	assert.equal(await visit.page.inputValue("#set-name"), "Session A", "and the name that the set was given");
	await visit.start();
	const set = await visit.done(60);
	assert.deepEqual(store.pictures(set).sort(), lines);
	assert.doesNotMatch(await visit.text("#done-there"), /^0 byte/);
	visit.quiet();
	await visit.end();
});

await test("pictures that are swept before the set is made are sent again", async () => {
	const pictures = { "a.bmp": bmp(4000, "swept a"), "b.bmp": bmp(4000, "swept b") };
	const folder = writeAll(`${tempFolder()}/swept`, pictures);
	const visit = await Visit.begin(browser, slow);
	await visit.fillIn();
	await visit.choose(folder);
	staged = 0;
	gate = null;
	beforeSet = () => store.sql("SELECT nachet.sweep_contents('0')");
	await visit.start();
	const set = await visit.done();
	assert.equal(staged, 2);
	assert.deepEqual(store.pictures(set), Object.entries(pictures).map(([name, bytes]) => `${name} ${sha256(bytes)}`));
	visit.quiet();
	await visit.end();
});

await test("a service that was never there is waited for", async () => {
	const visit = await Visit.begin(browser, service.url);
	await visit.step("user");
	await service.kill();
	await visit.page.fill("#email", EMAIL);
	await visit.page.press("#email", "Enter");
	await visit.page.locator("#outage").waitFor();
	await service.start();
	await visit.step("seeds", 40);
	await visit.end();
});

await finish();
