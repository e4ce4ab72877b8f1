/*
 * Waiting for a service that does not answer.
 *
 * All requests share one wait: the first failure begins it, the others join it, and it ends for all. Waits double up to
 * half a minute, scattered so that many pages do not come back at once, and never end before the service's own
 * Retry-After. Nothing gives up: the person who looks on can.
 */
const FIRST = 1000, LONGEST = 30000;

class Patience extends EventTarget {
	#failures = 0;
	#wait = null;

	/* Resolves when it is time to try again; rejects with the signal's reason. */
	async pause(problem, signal) {
		signal?.throwIfAborted();
		this.#wait ??= this.#begin(problem);
		await new Promise((resolve, reject) => {
			const stop = () => reject(signal.reason);
			signal?.addEventListener("abort", stop, { once: true });
			this.#wait.then(() => {
				signal?.removeEventListener("abort", stop);
				resolve();
			});
		});
	}

	#begin(problem) {
		const delay = Math.min(FIRST * 2 ** this.#failures++, LONGEST) * (0.75 + Math.random() / 2);
		this.problem = problem;
		this.until = Date.now() + Math.max(delay, (problem.retryAfter ?? 0) * 1000);
		return new Promise((resolve) => {
			const tick = () => {
				this.#tell();
				if (navigator.onLine && Date.now() >= this.until) this.tryNow();
			};
			const timer = setInterval(tick, 250);
			addEventListener("online", this.tryNow);
			this.end = () => {
				clearInterval(timer);
				removeEventListener("online", this.tryNow);
				this.#wait = null;
				resolve();
			};
			this.#tell();
		});
	}

	#tell() {
		this.dispatchEvent(new Event("change"));
	}

	/* Whether something waits, or has been let try again and has not succeeded yet. */
	get troubled() {
		return this.#failures > 0;
	}

	get seconds() {
		return this.#wait ? Math.max(0, Math.ceil((this.until - Date.now()) / 1000)) : 0;
	}

	tryNow = () => {
		this.end?.();
		this.end = null;
	};

	/* A request came through, or nobody waits any more. */
	settle() {
		if (!this.troubled) return;
		this.#failures = 0;
		this.tryNow();
		this.#tell();
	}
}

export const patience = new Patience();
