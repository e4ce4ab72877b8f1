/*
 * The files that were chosen or dropped, as pictures with the names that they will have.
 *
 * A picture's name is its path below the chosen folder, without the folder's own name, exactly as the browser gives it.
 */
import { files as madeFiles, folders as madeFolders } from "./machine_made.js"; /* the service's own list */

const lower = (name) => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

function fits(name, pattern) {
	const [head, tail] = pattern.split("*");
	if (tail === undefined) return name === pattern;
	return name.length > head.length + tail.length && name.startsWith(head) && name.endsWith(tail);
}

/* The component of a file's path that a NAS, a desktop or a program has made for itself, if any. */
export function machineMade(path) {
	const components = path.split("/");
	return components.find((component, i) => {
		const name = lower(component);
		return (i < components.length - 1 ? madeFolders : madeFiles).some((pattern) => fits(name, pattern));
	});
}

const settled = (call) => new Promise(call);

/* path is what the file is known by in this browser; name what it will be called in its set. */
function pictureOf(file, path, root) {
	const name = root ? path.slice(root.length + 1) : path;
	/* Windows takes halves of characters in names, which no text that is sent can have. */
	return { file, path, name, size: file.size, state: "waiting", flaw: /\p{Cs}/u.test(name) ? "name_not_utf8" : "" };
}

/* What was found: pictures, and what is left out. title is the set's name: the folder, root, or several. */
function choiceOf(found, root, title, unreadable) {
	const pictures = [], made = { files: 0, names: new Set() };
	for (const { file, path } of found) {
		const component = machineMade(path);
		if (component === undefined) pictures.push(pictureOf(file, path, root));
		else {
			made.files++;
			made.names.add(component);
		}
	}
	const { compare } = new Intl.Collator("en", { numeric: true });
	pictures.sort((a, b) => compare(a.name, b.name));
	return { title, pictures, made, unreadable };
}

/* Of an input element; a folder's files come with the folder's name in front. */
export function fromInput(input) {
	const found = Array.from(input.files, (file) => ({ file, path: file.webkitRelativePath || file.name }));
	const root = input.webkitdirectory && found.length ? found[0].path.split("/", 1)[0] : "";
	return choiceOf(found, root, root, []);
}

/*
 * Of a drop, folders and all that is below them. The entries must be asked for before the first wait: a drop's items are
 * gone then. seen is called now and then with the number of files so far.
 */
export async function fromDrop(transfer, seen) {
	const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry()).filter(Boolean);
	const tops = entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
	const root = entries.length === 1 && tops.length ? tops[0] : "";
	const found = [], unreadable = [];
	const folders = [];
	const take = async (entry) => {
		const path = entry.fullPath.slice(1);
		try {
			if (entry.isDirectory) folders.push(entry);
			else found.push({ file: await settled((resolve, reject) => entry.file(resolve, reject)), path });
		} catch {
			unreadable.push(path);
		}
	};
	await Promise.all(entries.map(take));
	while (folders.length) {
		const folder = folders.pop();
		const reader = folder.createReader();
		try {
			/* A folder comes a hundred entries at a time, and then an empty list. */
			for (;;) {
				const some = await settled((resolve, reject) => reader.readEntries(resolve, reject));
				if (!some.length) break;
				await Promise.all(some.map(take));
				seen(found.length);
			}
		} catch {
			unreadable.push(folder.fullPath.slice(1) + "/");
		}
	}
	return choiceOf(found, root, tops.join(", ").slice(0, 255), unreadable);
}
