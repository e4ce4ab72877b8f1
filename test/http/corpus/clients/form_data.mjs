// The package form-data: form_data.mjs URL filepath|filename|old NAME...
import { createReadStream } from 'node:fs';
import { fields, names, url, variant, versionOf } from './form.mjs';

const name = variant === 'old' ? 'form-data-old' : 'form-data';
const { default: FormData } = await import(name);
const form = new FormData();
for (const [field, value] of Object.entries(fields)) form.append(field, value);
for (const picture of names) {
	const option = variant === 'filename' ? 'filename' : 'filepath';
	form.append('pictures', createReadStream(picture), { [option]: picture });
}
await new Promise((resolve, reject) =>
	form.submit(url, (error, answer) => (error ? reject(error) : resolve(answer.resume()))));
console.log(versionOf(name));
