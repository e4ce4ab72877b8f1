/*
 * test/browser/files.js: what is chosen or dropped: nested folders, files that are no pictures, two thousand of them.
 */
import assert from "node:assert/strict";
import { startBrowser, Visit } from "./lib/browser.js";
import { bmp, png, sha256, writeAll } from "./lib/pictures.js";
import { EMAIL, Service, Store, tempFolder, until } from "./lib/servers.js";
import { finish, test } from "./lib/tap.js";

const store = new Store();
const service = await Service.start(store, ["--max-picture-size", "20MB"]);
const browser = await startBrowser();
const linesOf = (pictures) => Object.entries(pictures).map(([name, bytes]) => `${name} ${sha256(bytes)}`).sort();

await test("a folder with folders in it is dropped", async () => {
	const pictures = {};
	/* More than a hundred in one folder: browsers list them by the hundred. */
	for (let i = 0; i < 130; i++) pictures[`plate/${i}.png`] = png(`drop ${i}`, 16, 16);
	pictures["plate/deep/er/ünï «1» ; \"q\".png"] = png("deep");
	pictures["%22.png"] = png("percent");
	pictures["a%2Fb%C3%A4.png"] = png("escapes");
	pictures["<img src=x onerror=alert(1)>.png"] = png("markup");
	const folder = writeAll(`${tempFolder()}/Séance 7`, pictures);
	const visit = await Visit.begin(browser, service.url);
	await visit.fillIn();
	await visit.drop([folder]);
	await visit.page.locator("#review").waitFor();
	assert.equal(await visit.page.inputValue("#set-name"), "Séance 7");
	await visit.start();
	assert.deepEqual(store.pictures(await visit.done()).sort(), linesOf(pictures));
	visit.quiet();
	await visit.end();
});

await test("single files are dropped, or chosen", async () => {
	const pictures = { "a.png": png("single a"), "b.png": png("single b") };
	const folder = writeAll(tempFolder(), pictures);
	const visit = await Visit.begin(browser, service.url);
	await visit.fillIn();
	await visit.drop([`${folder}/a.png`, `${folder}/b.png`]);
	await visit.page.locator("#review").waitFor();
	assert.equal(await visit.page.inputValue("#set-name"), "");
	await visit.page.click("#choose-again");
	await visit.page.setInputFiles("#files-input", [`${folder}/a.png`, `${folder}/b.png`]);
	await visit.page.locator("#review").waitFor();
	await visit.start();
	assert.deepEqual(store.pictures(await visit.done()).sort(), linesOf(pictures));
	await visit.end();
});

await test("what is no picture is pointed out, what the service refuses is named, and both can be left out", async () => {
	const good = { "1.png": png("mixed 1"), "sub/2.png": png("mixed 2"), "same as 1.png": png("mixed 1") };
	const folder = writeAll(`${tempFolder()}/mixed`, {
		...good, "notes.txt": Buffer.from("no picture"), "cut.png": png("cut").subarray(0, 200), "long.bmp": bmp(21 << 20, "long"),
		"empty.jpg": Buffer.alloc(0), ".DS_Store": Buffer.from("x"), "sub/Thumbs.db": Buffer.from("x"), "sub/._2.png": Buffer.from("x"),
	});
	const visit = await Visit.begin(browser, service.url);
	await visit.fillIn();
	await visit.choose(folder);
	assert.equal(await visit.text("#review-count"), "7");
	const suspects = visit.page.locator(".notice", { hasText: "not look like pictures" });
	await suspects.filter({ hasText: "notes.txt" }).waitFor();
	assert.match(await suspects.innerText(), /empty\.jpg/);
	assert.match(await visit.text("#review-notices"), /larger than 21 MB.*long\.bmp/is);
	assert.match(await visit.text("#review-notices"), /\.DS_Store/);
	await visit.shot("review-mixed");
	await suspects.getByRole("button").click();
	assert.equal(await visit.text("#review-count"), "5");
	await visit.start();
	await visit.page.locator("#leave-out").waitFor();
	const told = await visit.text("#bad");
	assert.match(told, /cut\.png/);
	assert.match(told, /long\.bmp\s+It is larger than 21 MB/);
	assert.equal(await visit.text("#leave-out"), "Leave out and upload 3 pictures");
	assert.equal(store.sql("SELECT count(*) FROM nachet.picture_set WHERE name = 'mixed'"), "0", "no set until it was decided");
	await visit.shot("bad");
	await visit.accessible("bad");
	await visit.page.click("#leave-out");
	assert.deepEqual(store.pictures(await visit.done()).sort(), linesOf(good));
	assert.equal(await visit.text("#done-left-out"), "2");

	/* The truncated one is stored, so that only the manifest's answer tells that it is none. */
	await visit.page.click("#another");
	await visit.page.press("#zoom", "Enter");
	await visit.choose(folder);
	await suspects.filter({ hasText: "notes.txt" }).getByRole("button").click();
	await visit.start();
	await visit.page.locator("#leave-out").waitFor();
	assert.match(await visit.text("#bad"), /cut\.png/);
	await visit.page.click("#cancel");
	await visit.step("pictures");
	assert.equal(await visit.text("#review-count"), "5");
	visit.quiet();
	await visit.end();
});

await test("what machines make for themselves is left out, as the service does it", async () => {
	const good = { "1.png": png("made 1"), "tray 1/2.png": png("made 2") };
	const folder = writeAll(`${tempFolder()}/nas`, {
		...good, "@eaDir/1.png": png("made 1", 4, 4), "tray 1/@eaDir/2.png": png("made 2", 4, 4), ".DS_Store": Buffer.from("x"),
		"#recycle/old.png": png("made old"), "1.png~": png("made copy"),
	});
	const visit = await Visit.begin(browser, service.url);
	await visit.fillIn();
	await visit.choose(folder);
	assert.equal(await visit.text("#review-count"), "2");
	const told = await visit.text("#review-notices");
	assert.match(told, /Left out: 5 files that NAS boxes, systems and programs make for themselves/);
	assert.match(told, /: (?:(?:@eaDir|#recycle|\.DS_Store|1\.png~),? ){3}and 1 more/, "each name once");
	await visit.shot("review-machine-made");
	await visit.start();
	assert.deepEqual(store.pictures(await visit.done()).sort(), linesOf(good));

	await visit.page.click("#another");
	await visit.page.press("#zoom", "Enter");
	await visit.page.setInputFiles("#folder-input", `${folder}/@eaDir`);
	await until("the reason", async () => /only files in it that machines made .*@eaDir/.test(await visit.text("#drop-text")));

	/* The page and the service judge alike. */
	const paths = [
		"a.png", "._a.png", "._", ".DS_Store", ".DS_Store.png", "x/.ds_store", "Thumbs.db", "THUMBS.DB", "Thumbs.db2", "desktop.ini",
		"lost+found/a.png", "lost+found.png", "@EADIR/a.png", "@eaDir", ".nfs", ".nfs1", ".NFS000012", "a.png~", "~", "~a.png", ".~lock.png",
		"x/.Trash-1000/files/a.png", ".trash/a.png", "$RECYCLE.BIN/a.png", "cache/a.png", "thumbnails/a.png", "Ä.lrdata/a.png", ".lrdata/a.png",
		".syncthing.a.png.tmp", ".syncthing..tmp", "x/y/__MACOSX/z/a.png", "İ~", "k.png",
	];
	const taken = await visit.page.evaluate(async (all) => {
		const { machineMade } = await import("/page/files.js");
		return all.filter((path) => machineMade(path) === undefined);
	}, paths);
	const form = new FormData();
	for (const [name, value] of Object.entries({ email: EMAIL, seed_name: "Brassica napus", zoom_level: 20, nb_seeds: 5, name: "alike" }))
		form.append(name, value);
	for (const path of paths) form.append("pictures", new Blob([png(`alike ${path}`, 8, 8)]), path);
	const answer = await (await fetch(`${service.url}batch-import`, { method: "POST", body: form })).json();
	assert.ok(answer.picture_set_id, JSON.stringify(answer));
	assert.deepEqual(store.pictures(answer.picture_set_id).map((line) => line.replace(/ [0-9a-f]{64}$/, "")).sort(), [...taken].sort());
	assert.equal(answer.machine_made.files, paths.length - taken.length);
	visit.quiet();
	await visit.end();
});

await test("a file that is deleted or changed after it was chosen is named", async () => {
	const { rmSync, writeFileSync } = await import("node:fs");
	const folder = writeAll(`${tempFolder()}/gone`, { "a.png": png("gone a"), "b.png": png("gone b"), "c.png": png("gone c") });
	const visit = await Visit.begin(browser, service.url);
	await visit.fillIn();
	await visit.choose(folder);
	rmSync(`${folder}/a.png`);
	writeFileSync(`${folder}/b.png`, png("other bytes, and more of them", 200, 200));
	await visit.start();
	await visit.page.locator("#leave-out").waitFor();
	assert.match(await visit.text("#bad"), /a\.png\s+It was changed, moved or deleted/);
	assert.match(await visit.text("#bad"), /b\.png\s+It was changed/);
	assert.equal(await visit.text("#leave-out"), "Leave out and upload 1 picture");
	await visit.end();
});

await test("two thousand files keep the page short", async () => {
	const pictures = {};
	for (let i = 0; i < 2000; i++) pictures[`${i % 20}/${i}.png`] = png(`many ${i}`, 8, 8);
	const folder = writeAll(`${tempFolder()}/many`, pictures);
	const visit = await Visit.begin(browser, service.url);
	await visit.fillIn();
	await visit.choose(folder);
	assert.equal(await visit.text("#review-count"), "2,000");
	await visit.page.click("#review summary");
	const rows = visit.page.locator("#review-list li");
	await rows.first().waitFor();
	assert.ok((await rows.count()) < 60, "rows that can't be seen are not there");
	await visit.page.evaluate("document.querySelector('#review-list').scrollTop = 1e9");
	await until("the last row", async () => (await visit.page.locator("#review-list li").last().getAttribute("aria-posinset")) === "2000");
	assert.match(await visit.page.locator("#review-list li").last().innerText(), /^19\/1999\.png/);
	await visit.start();
	const set = await visit.done(120);
	assert.equal(store.sql(`SELECT count(*) FROM nachet.picture WHERE picture_set_id = '${set}'`), "2000");
	assert.deepEqual(store.pictures(set).sort(), linesOf(pictures));
	visit.quiet();
	await visit.end();
});

await finish();
