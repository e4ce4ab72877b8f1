/*
 * test/browser/serving.js: how the page is served: headers, caching, weight, a path prefix, and who is signed in.
 */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { SHOTS, startBrowser, Visit } from "./lib/browser.js";
import { bmp, png, sha256, writeAll } from "./lib/pictures.js";
import { EMAIL, Service, startProxy, Store, tempFolder, until } from "./lib/servers.js";
import { finish, test } from "./lib/tap.js";

const store = new Store();
const service = await Service.start(store);
const browser = await startBrowser();
const pictures = { "a.png": png("serving a"), "b.png": png("serving b") };
const folder = writeAll(`${tempFolder()}/two`, pictures);
const lines = Object.entries(pictures).map(([name, bytes]) => `${name} ${sha256(bytes)}`);

/* A whole upload, from wherever the page is; the set's id. */
async function uploadTwo(visit, email) {
	await visit.fillIn({ email });
	await visit.choose(folder);
	await visit.start();
	return visit.done();
}

await test("all that a visit loads comes from the service, is under 66 kB, and is kept by an ETag", async () => {
	const visit = await Visit.begin(browser, service.url, { locale: "fr-CA" });
	await uploadTwo(visit, EMAIL);
	const addresses = [...new Set(visit.requests)].filter((url) => !/(picture-form|batch-import)/.test(url) && !url.startsWith("blob:"));
	assert.ok(addresses.length > 10);
	let weight = 0;
	for (const address of addresses) {
		assert.ok(address.startsWith(service.url), `${address} is the service's`);
		const answer = await fetch(address);
		const tag = answer.headers.get("etag");
		weight += (await answer.arrayBuffer()).byteLength;
		assert.match(tag, /^"[0-9a-f]{32}"$/);
		assert.equal(answer.headers.get("cache-control"), "no-cache");
		assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
		for (const list of [tag, `"other", W/${tag}`, "*"]) {
			const again = await fetch(address, { headers: { "If-None-Match": list } });
			assert.equal(again.status, 304, `${address}: ${list}`);
			assert.equal((await again.arrayBuffer()).byteLength, 0);
		}
		assert.equal((await fetch(address, { headers: { "If-None-Match": '"other"' } })).status, 200);
		const head = await fetch(address, { method: "HEAD" });
		assert.equal(head.headers.get("content-length"), answer.headers.get("content-length"));
		assert.equal((await fetch(address, { method: "POST" })).status, 405);
	}
	console.log(`# the page weighs ${weight} bytes in ${addresses.length} files`);
	assert.ok(weight < 66000, `the page weighs ${weight} bytes`);
	visit.quiet();
	await visit.end();
});

await test("the policy lets nothing in that is not the service's, and nothing inline", async () => {
	const answer = await fetch(service.url);
	const policy = answer.headers.get("content-security-policy");
	for (const rule of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"]) assert.ok(policy.includes(rule));
	assert.doesNotMatch(policy, /unsafe|\*|http/);
	assert.equal(answer.headers.get("referrer-policy"), "no-referrer");
	assert.equal(answer.headers.get("cross-origin-opener-policy"), "same-origin");
	const visit = await Visit.begin(browser, service.url);
	await visit.step("user");
	await visit.page.evaluate(() => {
		const script = document.createElement("script");
		script.textContent = "window.ran = true";
		document.body.append(script);
	});
	assert.equal(await visit.page.evaluate("window.ran"), undefined);
	assert.match(visit.errors.join("\n"), /Content Security Policy/, "and a breach would be noticed by these tests");
	await visit.end();
});

await test("without JavaScript the page says so, in both languages", async () => {
	const visit = await Visit.begin(browser, service.url, { javaScriptEnabled: false });
	const told = await visit.text("body");
	assert.match(told, /This page needs JavaScript/);
	assert.match(told, /Cette page a besoin de JavaScript/);
	assert.doesNotMatch(told, /Loading|Français/, "nothing is promised");
	await visit.shot("no-javascript");
	await visit.end();
});

await test("a script that does not come leaves no blank page", async () => {
	const fates = {
		gone: (route) => route.abort(),
		"another page": (route) => route.fulfill({ status: 200, contentType: "text/html", body: "<h1>Sign in</h1>" }),
		slow: () => {},
	};
	const visitWithout = async (script, fate) => {
		const context = await browser.newContext({ locale: "fr-CA" });
		const page = await context.newPage();
		await page.route(`**/page/${script}`, fates[fate]);
		await page.goto(service.url, { waitUntil: "commit" });
		const shown = () => page.evaluate(() => document.querySelector("#loading")?.innerText ?? "");
		await until(`${script}, ${fate}: words`, async () => /Loading.*reload the page.*Chargement.*rechargez la page/s.test(await shown()), 15);
		const blank = await page.evaluate(() => [...document.querySelectorAll("h1, h2, button, p:not(#live), label")]
			.filter((one) => one.checkVisibility() && !one.textContent.trim()).length);
		assert.equal(blank, 0, `${script}, ${fate}: nothing blank`);
		if (script === "main.js") await page.screenshot({ path: `${SHOTS}/no-scripts-${fate}.png` });
		await context.close();
	};
	await Promise.all([["main.js", "gone"], ["main.js", "another page"], ["main.js", "slow"], ["dom.js", "gone"], ["fr.js", "gone"],
		["machine_made.js", "another page"]].map((which) => visitWithout(...which)));

	const visit = await Visit.begin(browser, service.url);
	await visit.step("user");
	assert.equal(await visit.page.locator("#loading").count(), 0, "and is not seen once they came");
	await visit.end();
});

await test("under a path prefix, behind a proxy", async () => {
	const visit = await Visit.begin(browser, await startProxy(service, { prefix: "/datastore/nachet" }));
	const set = await uploadTwo(visit, EMAIL);
	assert.deepEqual(store.pictures(set), lines);
	visit.quiet();
	await visit.end();
});

await test("behind a proxy that takes small requests only", async () => {
	const many = { "large.bmp": bmp(300000, "large") };
	for (let i = 0; i < 60; i++) many[`${i}.bmp`] = bmp(20000, `small requests ${i}`);
	const before = ({ headers }, response) => {
		if (Number(headers["content-length"]) > 250000) response.writeHead(413, { "Content-Type": "text/html", Connection: "close" }).end("<h1>413</h1>");
	};
	const visit = await Visit.begin(browser, await startProxy(service, { before }));
	await visit.fillIn();
	await visit.choose(writeAll(`${tempFolder()}/small`, many));
	await visit.start();
	await visit.page.locator("#leave-out").waitFor();
	assert.match(await visit.text("#bad"), /^large\.bmp Larger than the service, or a proxy before it, accepts\.$/, "one that is too large alone is named");
	await visit.page.click("#leave-out");
	assert.equal(store.pictures(await visit.done()).length, 60);
	await visit.end();
});

await test("the machine is kept awake during an upload, and not after it", async () => {
	const visit = await Visit.begin(browser, service.url);
	await visit.page.evaluate(() => {
		window.locks = [];
		WakeLock.prototype.request = async (kind) => {
			locks.push(kind);
			return { release: () => locks.push("released") };
		};
	});
	await uploadTwo(visit, EMAIL);
	assert.deepEqual(await visit.page.evaluate("locks"), ["screen", "released"]);
	await visit.end();
});

await test("who is signed in by a cookie is not asked who he is; who is signed out is told so", async () => {
	const secret = "a secret of the tests, long enough for HS256";
	const key = `${tempFolder()}/key`;
	writeFileSync(key, secret, { mode: 0o600 });
	const guarded = await Service.start(store, ["--auth", "jwt", "--jwt-secret", key, "--jwt-cookie", "session"]);
	const encode = (data) => Buffer.from(JSON.stringify(data)).toString("base64url");
	const tokenOf = (email) => {
		const text = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ email, exp: Math.floor(Date.now() / 1000) + 3600 })}`;
		return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
	};

	const visit = await Visit.begin(browser, guarded.url);
	await visit.step("refused");
	assert.equal(await visit.text("#refused-head"), "Please sign in");
	assert.doesNotMatch(await visit.text("#refused-problem"), /token/i, "a person is told nothing of tokens");
	await visit.shot("sign-in");
	await visit.accessible("sign-in");
	await visit.context.addCookies([{ name: "session", value: tokenOf(EMAIL), url: guarded.url, httpOnly: true, sameSite: "Strict" }]);
	await visit.page.click("#refused-again");
	const set = await uploadTwo(visit, "");
	assert.equal(await visit.text("#user"), EMAIL, "no way to be somebody else");
	assert.deepEqual(store.pictures(set), lines);

	await visit.context.addCookies([{ name: "session", value: tokenOf("stranger@example.org"), url: guarded.url }]);
	await visit.page.reload();
	await visit.step("refused");
	assert.equal(await visit.text("#refused-head"), "You can't upload here");
	assert.match(await visit.text("#refused-problem"), /not registered.*"stranger@example\.org"/s, "nor which address it is");
	visit.quiet();
	await visit.end();
});

/* What proxies do with a request of somebody whom they have signed out. */
const signOuts = {
	"a redirect to a page of its own": (response) => response.writeHead(302, { Location: "/login" }).end(),
	"a redirect to another origin": (response) => response.writeHead(302, { Location: "https://login.invalid/" }).end(),
	"a redirect of the POST itself": (response) => response.writeHead(307, { Location: "/login" }).end(),
	"a page instead of an answer": (response) => response.writeHead(200, { "Content-Type": "text/html" }).end("<h1>Sign in</h1>"),
	"401 and a page": (response) => response.writeHead(401, { "Content-Type": "text/html" }).end("<h1>Sign in</h1>"),
};

for (const [what, signOut] of Object.entries(signOuts)) {
	await test(`who is signed out by a proxy is told so, and goes on after signing in: ${what}`, async () => {
		let signedOut = false;
		const before = ({ method, url }, response) => {
			if (signedOut && url === "/login") response.writeHead(method === "GET" ? 200 : 405, { "Content-Type": "text/html" }).end("<h1>Sign in</h1>");
			else if (signedOut) signOut(response);
		};
		const visit = await Visit.begin(browser, await startProxy(service, { before }));
		const { page } = visit;
		await visit.step("user");
		signedOut = true;
		await page.fill("#email", EMAIL);
		await page.press("#email", "Enter");
		await page.locator("#user-problem", { hasText: "You are signed out." }).waitFor();
		signedOut = false;
		await visit.fillIn();
		await visit.choose(folder);
		signedOut = true;
		await visit.start();
		await page.locator("#again").waitFor();
		assert.match(await visit.text("#upload-problem"), /^You are signed out\. Sign in in another tab, then try again\./);
		assert.equal(await page.isVisible("#outage"), false, "no outage");
		if (what === "a redirect to another origin") {
			await visit.shot("signed-out");
			await visit.accessible("signed out");
		}
		signedOut = false;
		await page.click("#again");
		assert.deepEqual(store.pictures(await visit.done()), lines);
		await visit.end();
	});
}

await finish();
