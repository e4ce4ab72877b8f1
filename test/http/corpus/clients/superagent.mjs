// superagent: superagent.mjs URL filepath|default NAME...
import superagent from 'superagent';
import { fields, names, url, variant, versionOf } from './form.mjs';

const request = superagent.post(url).field(fields);
for (const name of names) {
	request.attach('pictures', name, variant === 'filepath' ? { filepath: name } : undefined);
}
await request;
console.log(versionOf('superagent'));
