/*
 * test/browser/lib/servers.js: a private PostgreSQL with the datastore in it, nachet-http before it, and a proxy that puts
 * the service under a path.
 */
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { after } from "./tap.js";

export const ROOT = resolve(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "../../..");
export const EMAIL = "someone@example.org";
const cluster = (...args) => execFileSync(join(ROOT, "tools/cluster"), args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/* Polls until what answers is true, and returns that; throws after limit seconds. */
export async function until(what, act, limit = 60) {
	const end = Date.now() + limit * 1000;
	for (;;) {
		const answer = await act();
		if (answer) return answer;
		if (Date.now() > end) throw new Error(`waited ${limit} s for ${what}`);
		await new Promise((resolve_) => setTimeout(resolve_, 30));
	}
}

export function tempFolder() {
	const folder = mkdtempSync("/tmp/nachet-browser-");
	chmodSync(folder, 0o755);
	after(() => rmSync(folder, { recursive: true, force: true }));
	return folder;
}

export function freePort() {
	return new Promise((resolve_) => {
		const server = createServer().listen(0, "127.0.0.1", () => {
			const { port } = server.address();
			server.close(() => resolve_(port));
		});
	});
}

export class Store {
	constructor() {
		this.dir = mkdtempSync("/tmp/nachet-cluster-");
		chmodSync(this.dir, 0o755);
		/* A test that is killed outright can't clean up: a shell that waits for its end then does. */
		const script = 'read -r never; "$0" remove "$1" && rm -rf "$1"';
		spawn("sh", ["-c", script, join(ROOT, "tools/cluster"), this.dir], { stdio: ["pipe", "ignore", "ignore"], detached: true }).unref();
		after(() => {
			cluster("remove", this.dir);
			rmSync(this.dir, { recursive: true, force: true });
		});
		this.start();
		this.sql("CREATE DATABASE nachet", "postgres");
		this.sql(`CREATE EXTENSION nachet_datastore;
			CREATE ROLE importer LOGIN; GRANT nachet_importer TO importer;
			SELECT nachet.register_user('${EMAIL}');`);
		execFileSync("psql", ["-X", "-q", "-o", "/dev/null", "-f", join(ROOT, "sql/sample_seeds.sql")], { env: this.#env("nachet") });
	}

	start() {
		cluster("start", "--profile", "test", this.dir);
		this.socket = cluster("show", "socket", this.dir).trim();
	}

	stop(mode = "fast") {
		cluster("stop", "--mode", mode, this.dir);
	}

	#env(database) {
		return { ...process.env, PGHOST: this.socket, PGPORT: "5432", PGUSER: "postgres", PGDATABASE: database };
	}

	sql(text, database = "nachet") {
		const args = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", text];
		return execFileSync("psql", args, { env: this.#env(database), encoding: "utf8" }).trim();
	}

	/* The pictures of a set, as "name sha256" lines in order of their names. */
	pictures(set) {
		return this.sql(`SELECT p.name || ' ' || encode(sha256(nachet.picture_content(p.id)), 'hex')
			FROM nachet.picture p WHERE p.picture_set_id = '${set}' ORDER BY p.name COLLATE "C"`).split("\n");
	}
}

/* nachet-http, which may be killed and started again on the same port. */
export class Service {
	static async start(store, args = []) {
		const service = new Service();
		Object.assign(service, { store, args, port: await freePort(), log: "" });
		service.url = `http://127.0.0.1:${service.port}/`;
		after(() => service.kill());
		await service.start();
		return service;
	}

	async start() {
		const program = process.env.NACHET_HTTP ?? join(ROOT, "http/nachet-http");
		/* With this process it ends, too. */
		this.program = spawn("setpriv", ["--pdeathsig", "KILL", program, "--listen", `127.0.0.1:${this.port}`, "--dbname",
			`host=${this.store.socket} port=5432 user=importer dbname=nachet`, ...this.args], { stdio: ["ignore", "ignore", "pipe"] });
		this.program.stderr.on("data", (text) => (this.log += text));
		this.ended = new Promise((resolve_) => this.program.once("close", resolve_));
		await until("nachet-http", async () => {
			if (this.program.exitCode !== null) throw new Error(`nachet-http ended: ${this.log}`);
			return fetch(this.url).then(({ ok }) => ok, () => false);
		});
	}

	async kill(signal = "SIGKILL") {
		this.program.kill(signal);
		await this.ended;
	}

	/* How many requests of this kind the log tells of. */
	requests(pattern) {
		return this.log.split("\n").filter((line) => pattern.test(line)).length;
	}
}

/*
 * A reverse proxy on a port of its own: prefix is what the service is put under; before is waited for with each request,
 * and may answer it.
 */
export async function startProxy(service, { prefix = "", before } = {}) {
	const server = http.createServer(async (request, response) => {
		if (!request.url.startsWith(prefix + "/")) {
			response.writeHead(404).end();
			return;
		}
		await before?.(request, response);
		if (request.destroyed || response.writableEnded) return;
		const onward = http.request({
			host: "127.0.0.1", port: service.port, method: request.method, path: request.url.slice(prefix.length),
			headers: request.headers,
		}, (answer) => {
			response.writeHead(answer.statusCode, answer.headers);
			answer.pipe(response);
		});
		onward.on("error", () => response.destroy());
		request.pipe(onward);
	});
	await new Promise((resolve_) => server.listen(0, "127.0.0.1", resolve_));
	after(() => {
		server.closeAllConnections?.();
		server.close();
	});
	return `http://127.0.0.1:${server.address().port}${prefix}/`;
}
