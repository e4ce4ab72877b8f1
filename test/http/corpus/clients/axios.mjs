// axios with FormData: axios.mjs URL VARIANT NAME...
import axios from 'axios';
import { fill, url } from './form.mjs';

await axios.post(url, fill(new FormData()));
console.log(axios.VERSION);
