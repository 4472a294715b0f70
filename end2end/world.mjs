// A simulated WeChat and a Lingbao beside it: the two built programs on free ports with a new data folder, and their end.
// It refuses to leave anything behind: both programs and the folder are gone afterwards.
import { execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const children = new Set();
const folders = new Set();
const remove = (folder) => rmSync(folder, { recursive: true, force: true });
process.once('exit', () => {
  children.forEach((child) => child.kill('SIGKILL'));
  folders.forEach(remove);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

/** The longest wait for anything on a screen. */
export const PATIENCE_MS = 40_000;

/** The demo's accounts by what makes them different. */
export const ACCOUNTS = { safe: 'wx1a2b3c4d5e6f0001', compatible: 'wx1a2b3c4d5e6f0002', edit: 'wx1a2b3c4d5e6f0003', service: 'wx1a2b3c4d5e6f0004' };

/** The demo's member of staff. */
export const OPERATOR = { login: 'admin', password: 'lingbao-demo-2026' };

/** Looks until `look` returns something true; its end is an error that names what was missing. */
export async function until(what, look, patience_ms = PATIENCE_MS) {
  const end = Date.now() + patience_ms;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`waited in vain for: ${what}`);
    await new Promise((done) => setTimeout(done, 25));
  }
}

/** Free ports of 127.0.0.1, all different. */
async function freePorts(count) {
  const held = await Promise.all(Array.from({ length: count }, () => new Promise((done, fail) => {
    const server = createServer().once('error', fail).listen(0, '127.0.0.1', () => done(server));
  })));
  const ports = held.map((server) => server.address().port);
  await Promise.all(held.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

/** The two programs, started with the demo. */
export class World {
  /** Starts both with the demo. Errors: the sentence a program ended with. */
  static async start() {
    const world = new World();
    try {
      await world.begin();
      return world;
    } catch (error) {
      await world.stop(true);
      throw error;
    }
  }

  async begin() {
    this.folder = mkdtempSync(join(tmpdir(), 'lingbao-end2end-'));
    folders.add(this.folder);
    this.running = new Map();
    const [listen, pay, server, metrics] = await freePorts(4);
    this.sim = `http://127.0.0.1:${listen}`;
    this.desk = `http://phone.localhost:${listen}/phone`;
    this.origin = `http://127.0.0.1:${server}`;
    this.payListen = `127.0.0.1:${pay}`;
    this.env = {
      LINGBAO__SERVER__SITE_DIR: join(ROOT, 'public'), ...process.env,
      LINGBAO__SERVER__LISTEN: `127.0.0.1:${server}`, LINGBAO__SERVER__PUBLIC_URL: this.origin,
      LINGBAO__SERVER__METRICS_LISTEN: `127.0.0.1:${metrics}`,
      LINGBAO__DATABASE__URL: `sqlite://${join(this.folder, 'lingbao.db')}`,
      LINGBAO__WECHAT__API_URL: this.sim, LINGBAO__WECHAT__OPEN_URL: this.sim, LINGBAO__WECHAT__MP_URL: this.sim, LINGBAO__WECHAT__JS_URL: this.sim,
      LINGBAO__WECHAT__PAY_URL: `https://${this.payListen}`, LINGBAO__WECHAT__PAY_CA_FILE: join(this.folder, 'simulator', 'ca.pem'),
      LINGBAO__DEV__CLOCK_URL: `${this.sim}/_sim/clock`,
    };
    this.demo = this.writeDemo('demo.toml');
    this.run('wechat-simulator', ['--config', this.demo, '--listen', `127.0.0.1:${listen}`, '--pay-listen', this.payListen,
      '--server', this.origin, '--data', join(this.folder, 'simulator')]);
    await this.answers('wechat-simulator', `${this.sim}/_sim/world`);
    await this.command('import', this.demo);
    await this.leaveMidnight();
    await this.serve();
  }

  /** Near midnight in Beijing the next day begins in the middle of a story: the clock is turned beyond that. */
  async leaveMidnight() {
    const { now_ms } = await this.control('GET', 'clock');
    const minute = Math.floor(now_ms / 60_000 + 8 * 60) % 1440;
    if (minute < 10 || minute >= 1410) await this.control('POST', 'clock', { advance_secs: 45 * 60 });
  }

  /** The demo with this world's addresses and files; `change` turns its text into another campaign's. */
  writeDemo(name, change = (text) => text) {
    const text = readFileSync(join(ROOT, 'simulator', 'demo.toml'), 'utf8')
      .replaceAll('http://127.0.0.1:3000', this.origin).replaceAll('data/simulator/', `${join(this.folder, 'simulator')}/`);
    const file = join(this.folder, name);
    writeFileSync(file, change(text));
    return file;
  }

  /** Runs one command of `lingbao` to its end. Returns what it printed. */
  async command(...words) {
    const { stdout } = await promisify(execFile)(join(programs(), 'lingbao'), words, { env: this.env, cwd: this.folder });
    return stdout;
  }

  /** Adds a member of staff. */
  async hire(login, role, password) {
    const adding = promisify(execFile)(join(programs(), 'lingbao'), ['operator', 'add', login, '--role', role], { env: this.env, cwd: this.folder });
    adding.child.stdin.end(password);
    await adding;
  }

  /** Starts the server, also after `kill`. */
  async serve() {
    this.run('lingbao', ['serve']);
    await this.answers('lingbao', `${this.origin}/readyz`);
  }

  run(name, words) {
    const program = join(programs(), name);
    if (!existsSync(program)) throw new Error(`${program} is not there: build it, or say where with LINGBAO_BIN`);
    const log = openSync(join(this.folder, `${name}.log`), 'a');
    const child = spawn(program, words, { env: this.env, cwd: this.folder, stdio: ['ignore', log, log] });
    closeSync(log);
    children.add(child);
    const ended = new Promise((done) => child.once('exit', (code, signal) => {
      children.delete(child);
      if (this.running.get(name)?.child === child) console.error(`${name} ended by itself: ${signal ?? `code ${code}`}`);
      done();
    }));
    this.running.set(name, { child, ended });
  }

  async answers(name, url) {
    const { child } = this.running.get(name);
    await until(`${name} at ${url}`, async () => {
      if (child.exitCode !== null) throw new Error(`${name} ended with code ${child.exitCode}:\n${this.log(name)}`);
      return fetch(url).then((answer) => answer.ok, () => false);
    });
  }

  /** Ends a program at once, as a power cut would. */
  async kill(name) {
    const { child, ended } = this.running.get(name);
    this.running.delete(name);
    child.kill('SIGKILL');
    await ended;
  }

  log(name) {
    const file = join(this.folder, `${name}.log`);
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(-60).join('\n') : '';
  }

  /** Ends everything; after a failure the programs' last lines are printed. */
  async stop(failed = false) {
    for (const name of [...(this.running?.keys() ?? [])]) {
      if (failed) console.error(`--- ${name}\n${this.log(name)}`);
      await this.kill(name);
    }
    if (this.folder) remove(this.folder);
  }

  /** A control call of the simulator. */
  async control(method, path, body) {
    const answer = await fetch(`${this.sim}/_sim/${path}`, { method, body: body === undefined ? undefined : JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} /_sim/${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** A new follower, known to the simulator only. */
  async follower(name, appid) {
    const { id } = await this.control('POST', 'phones', { name });
    if (appid) await this.control('POST', `phones/${id}/follow`, { appid });
    return id;
  }

  /** The latest claim link in a phone's chats. */
  async claimLink(id, appid) {
    const { chats } = await this.control('GET', `phones/${id}`);
    return chats.filter((line) => line.url && (!appid || line.appid === appid)).at(-1)?.url;
  }

  /** The packets of a phone, once there are `count`. */
  async wallet(id, count = 1) {
    return until(`${count} packets in the wallet of ${id}`, async () => {
      const { wallet } = await this.control('GET', `phones/${id}`);
      return wallet.length >= count && wallet;
    });
  }

  /** Signs the demo's operator in. Returns a call of staff's server functions: `(path, body)`. */
  async office() {
    const form = new URLSearchParams({ ...OPERATOR, next: '/admin' });
    const door = await fetch(`${this.origin}/api/public/sign_in`, { method: 'POST', body: form, redirect: 'manual' });
    const cookie = door.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
    return async (path, body) => {
      const answer = await fetch(this.origin + path, {
        method: body ? 'POST' : 'GET', body: body && exact(body), headers: { cookie, 'content-type': 'application/json' },
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text.slice(0, 300)}`);
      return text;
    };
  }

  /** What WeChat really paid. */
  books() {
    return this.control('GET', 'books');
  }
}

/** The folder with `lingbao` and `wechat-simulator`. */
function programs() {
  if (process.env.LINGBAO_BIN) return process.env.LINGBAO_BIN;
  const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
  const host = `${{ x64: 'x86_64', arm64: 'aarch64' }[process.arch] ?? process.arch}-${process.platform === 'darwin' ? 'apple-darwin' : 'unknown-linux-gnu'}`;
  return [join(target, host, 'debug'), join(target, 'debug')].find((folder) => existsSync(join(folder, 'lingbao')))
    ?? join(target, host, 'debug');
}

/** JSON that keeps whole numbers above 2^53, given as BigInt. */
const exact = (body) => JSON.stringify(body, (_, value) => (typeof value === 'bigint' ? `whole ${value}` : value)).replace(/"whole (\d+)"/g, '$1');
