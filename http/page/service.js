/*
 * Requests to the service, and its problem documents.
 *
 * Addresses are relative to the page's own, so that a proxy may put both under any path. What may pass (a lost line, 408,
 * 429, 5xx) is tried again until it does; any other refusal is a Problem for the caller. A proxy that asks people to
 * sign in may redirect, or answer with a page of its own: both are Problems of status 401, like the service's own.
 */
import { patience } from "./patience.js";

const SILENCE = 120000; /* a line on which nothing moved for so long is lost */

export class Problem extends Error {
	constructor(status, body, retryAfter) {
		super(body?.detail ?? "");
		Object.assign(this, { status, code: body?.code, missing: body?.missing, errors: body?.errors });
		this.retryAfter = Number(retryAfter) || 0;
	}

	get passes() {
		return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
	}
}

const addressOf = (path) => new URL(path, document.baseURI).href;

/* Why no answer came: a redirect to another origin can't be told from a lost line but by asking for no redirects. */
export async function whyNone() {
	const options = { method: "POST", redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(5000) };
	const { type, status, ok, headers } = await fetch(addressOf("picture-form"), options).catch(() => ({}));
	const strange = type === "opaqueredirect" || (ok && !/json/.test(headers.get("Content-Type")));
	return new Problem(strange || status === 401 ? 401 : 0);
}

/* One POST: an object goes as JSON, FormData as it is. XMLHttpRequest, because fetch tells nothing of what was sent. */
export function post(path, body, { signal, progress } = {}) {
	return new Promise((resolve, reject) => {
		const request = new XMLHttpRequest();
		let timer;
		const finish = (act, result) => {
			clearTimeout(timer);
			signal?.removeEventListener("abort", cancel);
			act(result);
		};
		const cancel = () => request.abort();
		const alive = () => {
			clearTimeout(timer);
			timer = setTimeout(cancel, SILENCE);
		};
		const lost = () => finish(reject, signal?.aborted ? signal.reason : new Problem(0));
		signal?.throwIfAborted();
		signal?.addEventListener("abort", cancel, { once: true });
		const address = addressOf(path);
		request.open("POST", address);
		request.onerror = request.onabort = lost;
		request.upload.onprogress = ({ loaded }) => {
			alive();
			progress?.(loaded);
		};
		request.onload = () => {
			const { status, responseURL, responseText } = request;
			const header = (name) => request.getResponseHeader(name) ?? "";
			const ok = status >= 200 && status < 300;
			let answer = null;
			try {
				answer = JSON.parse(responseText);
			} catch {
				/* not the service's own answer: a proxy's */
			}
			if (responseURL !== address || (ok && !answer)) finish(reject, new Problem(401));
			else if (ok) finish(resolve, { status, answer });
			/* How programs send a token is nothing to tell a person who has none. */
			else if (status === 401 && !header("WWW-Authenticate").includes("error=")) finish(reject, new Problem(401));
			else finish(reject, new Problem(status, answer, header("Retry-After")));
		};
		alive();
		if (body instanceof FormData) request.send(body);
		else {
			request.setRequestHeader("Content-Type", "application/json");
			request.send(JSON.stringify(body));
		}
	});
}

/*
 * Makes the request until it is answered. check, where given, is called before each further try, and may throw. Each
 * try calls for its body anew.
 */
export async function ask(path, makeBody, { signal, progress, check } = {}) {
	for (;;) {
		try {
			const answered = await post(path, makeBody(), { signal, progress });
			patience.settle();
			return answered;
		} catch (caught) {
			const error = caught.status === 0 && navigator.onLine ? await whyNone() : caught;
			if (!(error instanceof Problem) || !error.passes) {
				if (error instanceof Problem) patience.settle();
				throw error;
			}
			progress?.(0);
			await check?.();
			await patience.pause(error, signal);
		}
	}
}
