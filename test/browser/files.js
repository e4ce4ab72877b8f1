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
	await visit.reviewed();
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

await test("what is plainly no picture is left out and not sent, what the service refuses is named, and both are listed", async () => {
	const good = { "1.png": png("mixed 1"), "sub/2.png": png("mixed 2"), "same as 1.png": png("mixed 1") };
	const folder = writeAll(`${tempFolder()}/mixed`, {
		...good, "notes.txt": Buffer.from("no picture"), "cut.png": png("cut").subarray(0, 200), "long.bmp": bmp(21 << 20, "long"),
		"empty.jpg": Buffer.alloc(0), "IMG_0007.HEIC": Buffer.from("\0\0\0\x18ftypheic\0\0\0\0"), "session.avi": Buffer.concat([
			Buffer.from("RIFF\0\0\0\0AVI "), bmp(1 << 20, "film")]),
		".DS_Store": Buffer.from("x"), "sub/Thumbs.db": Buffer.from("x"), "sub/._2.png": Buffer.from("x"),
	});
	const visit = await Visit.begin(browser, service.url);
	await visit.fillIn();
	assert.match(await visit.text("#drop"), /Accepted: JPEG, PNG, GIF, BMP, TIFF, WebP/);
	await visit.choose(folder);
	assert.equal(await visit.text("#review-count"), "4");
	assert.equal(await visit.text("#review-out"), "8", "with what machines made");
	assert.equal(await visit.text("#start"), "Upload 4 pictures");
	const notices = await visit.text("#review-notices");
	assert.match(notices, /notes\.txt\. Not a picture of a known format/);
	assert.match(notices, /empty\.jpg\. Empty file/);
	assert.match(notices, /IMG_0007\.HEIC\. This format is not accepted: convert to JPEG/);
	assert.match(notices, /session\.avi\. Video/);
	assert.match(notices, /long\.bmp\. Larger than 21 MB/);
	assert.match(notices, /\.DS_Store/);
	await visit.page.click("#review summary");
	assert.match(await visit.text("#review-list"), /notes\.txt\s+left out/);
	assert.doesNotMatch(await visit.text("#review-list"), /cut\.png\s+left out/);
	await visit.shot("review-mixed");
	await visit.accessible("left out");

	/* The reader decides. */
	const notice = visit.page.locator(".notice", { hasText: "notes.txt" });
	await notice.getByRole("button", { name: "Put back" }).click();
	assert.equal(await visit.text("#start"), "Upload 5 pictures");
	assert.equal(await visit.page.evaluate("document.activeElement.id"), "start");
	await notice.getByRole("button", { name: "Leave out" }).click();
	assert.equal(await visit.text("#start"), "Upload 4 pictures");
	await notice.getByRole("button", { name: "Put back" }).click();

	const before = Number(store.sql("SELECT coalesce(sum(byte_size), 0) FROM nachet.content"));
	await visit.start();
	await visit.page.locator("#leave-out").waitFor();
	assert.ok(Number(store.sql("SELECT sum(byte_size) FROM nachet.content")) - before < 100000, "the film was not sent");
	const told = await visit.text("#bad");
	assert.match(told, /cut\.png\s+The end is missing/);
	assert.match(told, /notes\.txt\s+Not a picture of a known format/);
	assert.equal(await visit.text("#leave-out"), "Leave out and upload 3 pictures");
	assert.equal(store.sql("SELECT count(*) FROM nachet.picture_set WHERE name = 'mixed'"), "0", "no set until it was decided");
	await visit.shot("bad");
	await visit.accessible("bad");
	await visit.page.click("#leave-out");
	assert.deepEqual(store.pictures(await visit.done()).sort(), linesOf(good));
	assert.equal(await visit.text("#done-left-out"), "9");
	await visit.page.click("#done-out summary");
	const last = await visit.text("#done-out-list");
	for (const name of ["notes.txt", "cut.png", "long.bmp", "empty.jpg", "IMG_0007.HEIC", "session.avi"]) assert.ok(last.includes(name), name);
	assert.match(last, /session\.avi\s+Video/);
	assert.match(last, /3 files that NAS boxes, .*\.DS_Store/);
	await visit.shot("done-left-out");
	await visit.accessible("done, with files left out");

	/* The truncated one is stored, so that only the manifest's answer tells that it is none. */
	await visit.page.click("#another");
	await visit.page.press("#zoom", "Enter");
	await visit.choose(folder);
	await visit.start();
	await visit.page.locator("#leave-out").waitFor();
	assert.match(await visit.text("#bad"), /cut\.png\s+The end is missing: copy the file again/);
	await visit.page.click("#language");
	await until("French", async () => /cut\.png\s+Fichier incomplet\s: copiez-le de nouveau depuis la source\./.test(await visit.text("#bad")));
	await visit.shot("bad-fr");
	await visit.page.click("#language");
	await visit.page.click("#cancel");
	await visit.page.locator("#pictures-head", { hasText: "Check the pictures" }).waitFor();
	await visit.step("pictures");
	assert.equal(await visit.text("#review-count"), "3", "what was refused is left out");
	await visit.page.locator(".notice", { hasText: "cut.png" }).getByRole("button", { name: "Put back" }).click();
	assert.equal(await visit.text("#review-count"), "4");
	visit.quiet();
	await visit.end();
});

await test("a folder that is named like another seed is asked about", async () => {
	const pictures = { "Brassica napus/1.png": png("seeds 1"), "14 brassica_JUNCEA/2.png": png("seeds 2"), "14 brassica_JUNCEA/a/3.png": png("seeds 3") };
	const folder = writeAll(`${tempFolder()}/two species`, pictures);
	const visit = await Visit.begin(browser, service.url);
	const { page } = visit;
	await visit.fillIn();
	await visit.choose(folder);
	const question = page.locator("#question");
	assert.match(await question.innerText(), /^2 pictures are in folders with other seeds’ names \(Brassica juncea\)\. Do they show Brassica napus\?/);
	await visit.shot("other-seed");
	await visit.accessible("the question");
	await visit.start();
	assert.equal(await page.evaluate("document.activeElement.closest('#question') !== null"), true, "nothing starts before it is answered");
	assert.equal(await page.isVisible("#step-pictures"), true);
	await question.getByRole("button", { name: "Leave out" }).click();
	assert.equal(await visit.text("#start"), "Upload 1 picture");
	await page.locator(".notice").getByRole("button", { name: "Put back" }).click();
	await question.getByRole("button", { name: "Leave out" }).click();
	await visit.start();
	assert.deepEqual(store.pictures(await visit.done()), [`Brassica napus/1.png ${sha256(pictures["Brassica napus/1.png"])}`]);
	await page.click("#done-out summary");
	assert.match(await visit.text("#done-out-list"), /2\.png\s+In a folder with another seed’s name: Brassica juncea/);

	/* The other seed's turn: what was asked then is asked anew of the other folder. */
	await page.click("#another");
	await page.press("#zoom", "Enter");
	await visit.choose(folder);
	await question.getByRole("button", { name: "Choose another seed" }).click();
	await visit.step("seeds");
	await page.fill("#seed", "Brassica juncea");
	await page.press("#zoom", "Enter");
	await visit.step("pictures");
	assert.match(await question.innerText(), /^1 picture is in a folder .*\(Brassica napus\)\. Does it show Brassica juncea\?/);
	await question.getByRole("button", { name: "Yes, Brassica juncea" }).click();
	assert.equal(await visit.text("#start"), "Upload 3 pictures");
	await visit.start();
	const set = await visit.done();
	assert.deepEqual(store.pictures(set).sort(), linesOf(pictures));

	/* The folder's own name counts as well; the nearest name is the one that tells. */
	await page.click("#another");
	await page.fill("#seed", "Brassica napus");
	await page.press("#zoom", "Enter");
	await visit.choose(`${folder}/14 brassica_JUNCEA`);
	assert.match(await question.innerText(), /^2 pictures/);
	await page.click("#choose-again");
	await visit.choose(writeAll(`${tempFolder()}/Brassica juncea`, { "Brassica napus/1.png": png("seeds 1") }));
	assert.equal(await question.count(), 0);
	visit.quiet();
	await visit.end();
});

await test("several folders that are dropped together name the set", async () => {
	const folder = writeAll(tempFolder(), { "tray 1/a.png": png("several a"), "tray 2/a.png": png("several b") });
	const visit = await Visit.begin(browser, service.url);
	await visit.fillIn();
	await visit.drop([`${folder}/tray 1`, `${folder}/tray 2`]);
	await visit.reviewed();
	assert.equal(await visit.page.inputValue("#set-name"), "tray 1, tray 2");
	await visit.start();
	const set = await visit.done();
	assert.equal(store.sql(`SELECT name FROM nachet.picture_set WHERE id = '${set}'`), "tray 1, tray 2");
	assert.deepEqual(store.pictures(set).map((line) => line.replace(/ [0-9a-f]{64}$/, "")), ["tray 1/a.png", "tray 2/a.png"]);
	await visit.end();
});

await test("the list of all files is that of the folder that was chosen last", async () => {
	const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`old ${i}.png`, png(`list ${i}`, 8, 8)]));
	const old = writeAll(`${tempFolder()}/old`, many), fresh = writeAll(`${tempFolder()}/new`, { "new.png": png("list new") });
	const visit = await Visit.begin(browser, service.url);
	const { page } = visit;
	const listed = (id) => page.evaluate((list) => [...document.querySelectorAll(`#${list} li span:first-child`)].map((name) => name.textContent), id);
	await visit.fillIn();
	await visit.choose(old);
	await page.click("#review summary");
	await page.evaluate("document.querySelector('#review-list').scrollTop = 1e9");
	await until("the last rows", async () => (await listed("review-list")).includes("old 199.png"));
	await page.click("#choose-again");
	await visit.choose(fresh);
	assert.deepEqual(await listed("review-list"), ["new.png"]);
	await visit.start();
	await visit.done();
	await page.click("#another");
	await page.press("#zoom", "Enter");
	await visit.choose(old);
	assert.equal((await listed("review-list"))[0], "old 0.png");
	await page.click("#review summary");
	await page.click("#choose-again");
	await visit.choose(fresh);
	await page.click("#review summary");
	await until("the new row", async () => (await listed("review-list")).join() === "new.png");
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

await test("a name with half a character in it is refused on the page, in the reader's language", async () => {
	const folder = writeAll(`${tempFolder()}/halves`, { "good 😀.png": png("half good"), "half~.png": png("half") });
	const visit = await Visit.begin(browser, service.url);
	await visit.fillIn();
	/* As Windows gives it; another system has no such names. */
	await visit.page.evaluate(() => {
		const { get } = Object.getOwnPropertyDescriptor(File.prototype, "webkitRelativePath");
		Object.defineProperty(File.prototype, "webkitRelativePath", { get() { return get.call(this).replace("half~", "half\ud83d"); } });
	});
	await visit.choose(folder);
	const notice = visit.page.locator(".notice", { hasText: "half" });
	assert.match(await notice.innerText(), /1 file left out: half.\.png\. The name has broken characters in it: rename the file\./);
	assert.equal(await notice.getByRole("button").count(), 0, "it can't be put back");
	await visit.page.click("#language");
	await until("French", async () => /half.\.png\. Le nom contient des caractères abîmés\s: renommez le fichier\./.test(await notice.innerText()));
	await visit.page.click("#language");
	await visit.start();
	assert.deepEqual(store.pictures(await visit.done()), linesOf({ "good 😀.png": png("half good") }));
	assert.equal(await visit.text("#done-left-out"), "1");
	visit.quiet();
	await visit.end();
});

await test("what the browser can't read is among the files left out at the end", async () => {
	const good = { "1.png": png("read 1") };
	const folder = writeAll(tempFolder(), { ...good, "locked.png": png("locked"), ".DS_Store": Buffer.from("x") });
	const visit = await Visit.begin(browser, service.url);
	await visit.fillIn();
	await visit.page.evaluate(() => {
		const { webkitGetAsEntry } = DataTransferItem.prototype;
		DataTransferItem.prototype.webkitGetAsEntry = function () {
			const entry = webkitGetAsEntry.call(this);
			if (entry.name === "locked.png") entry.file = (take, fail) => fail(new DOMException("locked", "NotReadableError"));
			return entry;
		};
	});
	await visit.drop(["1.png", "locked.png", ".DS_Store"].map((name) => `${folder}/${name}`));
	await visit.reviewed();
	assert.equal(await visit.text("#review-out"), "2");
	await visit.start();
	assert.deepEqual(store.pictures(await visit.done()), linesOf(good));
	assert.equal(await visit.text("#done-left-out"), "2");
	await visit.page.click("#done-out summary");
	assert.match(await visit.text("#done-out-list"), /1 file that a NAS, .*\.DS_Store\s+locked\.png\s+can't be read/);
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
	assert.match(await visit.text("#bad"), /a\.png\s+Changed, moved or deleted/);
	assert.match(await visit.text("#bad"), /b\.png\s+Changed/);
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
