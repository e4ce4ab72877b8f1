// What the programs for Node.js share.
import { readFileSync } from 'node:fs';

export const [url, variant, ...names] = process.argv.slice(2);
export const fields = {
	email: 'someone@example.org',
	seed_name: 'Brassica napus',
	zoom_level: '20',
	nb_seeds: '5',
	name: 'Séance 7',
};

// Fills a FormData of the web's kind with the fields, and then the pictures as such Files.
export function fill(form, File = globalThis.File) {
	for (const [name, value] of Object.entries(fields)) form.append(name, value);
	for (const name of names) {
		form.append('pictures', new File([readFileSync(name)], name, { type: 'image/png' }));
	}
	return form;
}

export function versionOf(name) {
	const file = new URL(`node_modules/${name}/package.json`, import.meta.url);
	return JSON.parse(readFileSync(file)).version;
}
