// fetch with FormData: fetch.mjs URL node|undici NAME...
import { fill, url, variant, versionOf } from './form.mjs';

const { fetch, FormData } = variant === 'node' ? globalThis : await import('undici');
await fetch(url, { method: 'POST', body: fill(new FormData()) });
console.log(variant === 'node' ? process.versions.node : versionOf('undici'));
