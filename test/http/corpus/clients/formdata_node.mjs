// The package formdata-node, encoded by form-data-encoder: formdata_node.mjs URL VARIANT NAME...
import { Readable } from 'node:stream';
import { FormDataEncoder } from 'form-data-encoder';
import { File, FormData } from 'formdata-node';
import { fill, url, versionOf } from './form.mjs';

const encoder = new FormDataEncoder(fill(new FormData(), File));
const body = Readable.from(encoder);
await fetch(url, { method: 'POST', headers: encoder.headers, body, duplex: 'half' });
console.log(versionOf('formdata-node'));
