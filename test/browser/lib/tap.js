/*
 * test/browser/lib/tap.js: tests one after the other, told as TAP.
 *
 * Rule: what a test set up it hands to `after`, which is undone in reverse order at the end, also of a run that fails or
 * is interrupted. A test that throws has failed, and the next one goes on.
 */
const undo = [];
let count = 0, failed = 0;

export function after(act) {
	undo.push(act);
}

async function cleanUp() {
	while (undo.length) {
		try {
			await undo.pop()();
		} catch (error) {
			console.log(`# while cleaning up: ${error.stack}`);
		}
	}
}

for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]])
	process.on(signal, () => cleanUp().finally(() => process.exit(status)));

process.stdout.on("error", () => cleanUp().finally(() => process.exit(1)));

export async function test(name, act) {
	const started = Date.now();
	try {
		await act();
		console.log(`ok ${++count} - ${name} # ${Date.now() - started} ms`);
	} catch (error) {
		failed++;
		console.log(`not ok ${++count} - ${name}`);
		console.log(String(error.stack).replace(/^/gm, "# "));
	}
}

/* Ends the run; a test file calls it last. */
export async function finish() {
	await cleanUp();
	console.log(`1..${count}`);
	process.exit(failed ? 1 : 0);
}
