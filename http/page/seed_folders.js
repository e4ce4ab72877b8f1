/*
 * Folders that bear the names of seeds.
 *
 * People keep the pictures of each seed in a folder of its name, in any case, with blanks or underscores, perhaps behind
 * a number. The folder next to a picture is the one that tells.
 */
import { plain } from "./combobox.js";

const named = (folder) => plain(folder.replace(/^\d+[\s._-]+/, "").replace(/[\s_]+/g, " "));

/* Of pictures with these paths: the seed that each one's folder is named after, if any. */
export function seedFinder(names) {
	const seeds = new Map(names.map((name) => [plain(name), name]));
	const known = new Map();
	return ({ path }) => {
		const folder = path.slice(0, Math.max(0, path.lastIndexOf("/")));
		if (!known.has(folder)) known.set(folder, folder.split("/").map((one) => seeds.get(named(one))).findLast(Boolean));
		return known.get(folder);
	};
}
