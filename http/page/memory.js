/*
 * What the browser remembers: the language, this tab's form, and hashes of files.
 *
 * None of it is needed: where the browser keeps nothing (private windows, full disks), reading finds nothing and
 * writing does nothing.
 */
const DAYS_KEPT = 30;

function storage(area, name, value) {
	try {
		if (value === undefined) return JSON.parse(window[area].getItem("nachet." + name));
		window[area].setItem("nachet." + name, JSON.stringify(value));
	} catch {
		/* as if it were empty */
	}
	return null;
}

/* With a value it is kept, without one the kept value is returned, or null. */
export const language = (value) => storage("localStorage", "language", value);
export const session = (value) => storage("sessionStorage", "session", value);

const settled = (request) => new Promise((resolve, reject) => {
	request.onsuccess = () => resolve(request.result);
	request.onerror = () => reject(request.error);
});

let opened;

function open() {
	opened ??= (async () => {
		const request = indexedDB.open("nachet", 1);
		request.onupgradeneeded = () => request.result.createObjectStore("hashes").createIndex("at", "at");
		const database = await settled(request);
		const old = IDBKeyRange.upperBound(Date.now() - DAYS_KEPT * 864e5);
		const hashes = database.transaction("hashes", "readwrite").objectStore("hashes");
		for (const key of await settled(hashes.index("at").getAllKeys(old))) hashes.delete(key);
		return database;
	})();
	return opened;
}

/* The hash of each key, undefined where none is kept. */
export async function recall(keys) {
	try {
		const hashes = (await open()).transaction("hashes").objectStore("hashes");
		return (await Promise.all(keys.map((key) => settled(hashes.get(key))))).map((row) => row?.sha256);
	} catch {
		return [];
	}
}

/* Keeps [key, hash] pairs. */
export async function keep(pairs) {
	try {
		const hashes = (await open()).transaction("hashes", "readwrite").objectStore("hashes");
		for (const [key, sha256] of pairs) hashes.put({ sha256, at: Date.now() }, key);
	} catch {
		/* they will be made again */
	}
}
