// What the simulator says: the last answers of its control calls, and the calls that change it.
// It refuses to guess: nothing is shown that the simulator has not answered.
import { millis } from './dom.js';

/** Last known answers; `online` is false while the simulator cannot be reached. */
export const state = { world: null, phones: [], books: null, faults: [], skew: 0, online: false };

const listeners = new Set();
/** Calls back after every change of `state`. */
export const onChange = (listener) => listeners.add(listener);
const changed = () => listeners.forEach((listener) => listener(state));

/** The simulator's time in milliseconds. */
export const now = () => Date.now() + state.skew;

async function call(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    value = { error: text.slice(0, 120) };
  }
  if (!answer.ok) throw new Error(value?.error ?? `${answer.status}`);
  return value;
}

const list = (value, key) => (Array.isArray(value) ? value : (value?.[key] ?? []));

async function readAll() {
  const [phones, books, clock, faults] = await Promise.all([
    call('GET', '/_sim/phones'), call('GET', '/_sim/books'), call('GET', '/_sim/clock'), call('GET', '/_sim/faults'),
  ]);
  state.phones = list(phones, 'phones').map((phone) => ({
    follows: [], ...phone,
    chats: (phone.chats ?? []).map((entry) => ({ ...entry, at: millis(entry.at) })),
    wallet: (phone.wallet ?? []).map((bill) => ({ ...bill, at: millis(bill.at) })),
  }));
  state.books = books;
  state.faults = list(faults, 'faults');
  state.skew = clock.now_ms - Date.now();
}

let running = null;
let again = false;

/** Reads everything anew; calls made meanwhile are answered by one more reading. */
export function refresh() {
  if (running) {
    again = true;
    return running;
  }
  running = (async () => {
    try {
      do {
        again = false;
        await readAll();
      } while (again);
      state.online = true;
    } catch (error) {
      state.online = false;
      console.warn('the simulator does not answer', error);
    } finally {
      running = null;
    }
    changed();
  })();
  return running;
}

/** Reads the world once, then follows the simulator's events. */
export async function open() {
  state.world = await call('GET', '/_sim/world');
  await refresh();
  const events = new EventSource('/_sim/events');
  events.onmessage = () => refresh();
  events.onopen = () => refresh();
  events.onerror = () => {
    state.online = false;
    changed();
  };
}

async function act(method, path, body) {
  const value = await call(method, path, body);
  await refresh();
  return value;
}

const phonePath = (id) => `/_sim/phones/${encodeURIComponent(id)}`;

export const addPhone = (name, ip) => act('POST', '/_sim/phones', ip ? { name, ip } : { name });
export const removePhone = (id) => act('DELETE', phonePath(id));
export const follow = (id, appid) => act('POST', `${phonePath(id)}/follow`, { appid });
export const unfollow = (id, appid) => act('POST', `${phonePath(id)}/unfollow`, { appid });
export const send = (id, appid, text) => act('POST', `${phonePath(id)}/send`, { appid, text });
export const collect = (id, bill_no) => act('POST', `${phonePath(id)}/collect`, { bill_no });
export const offer = (id, data) => call('POST', `${phonePath(id)}/offer`, data);
export const confirm = (id, bill_no) => act('POST', `${phonePath(id)}/confirm`, { bill_no });
export const advance = (advance_secs) => act('POST', '/_sim/clock', { advance_secs });
export const setFault = (fault) => act('POST', '/_sim/faults', fault);
export const clearFaults = () => act('DELETE', '/_sim/faults');

export const phoneOf = (id) => state.phones.find((phone) => phone.id === id);
export const accountOf = (appid) => state.world?.accounts.find((account) => account.appid === appid);
export const accountIndex = (appid) => state.world?.accounts.findIndex((account) => account.appid === appid) ?? 0;

/** The account that pays: the one the bill names, or else the world's service account. */
export const payerOf = (bill) =>
  accountOf(bill.appid) ?? state.world?.accounts.find((account) => account.kind === 'service');

const loopback = (host) => host === '127.0.0.1' || host === 'localhost' || host === '[::1]';
const same = (a, b) => a.port === b.port && (a.hostname === b.hostname || (loopback(a.hostname) && loopback(b.hostname)));

/** The origin of one phone's browser. */
export const originOf = (id) => `http://${id}.phone.localhost${location.port ? `:${location.port}` : ''}`;

/** A link as that phone's browser opens it, or null when it leads out of this little world. */
export function onPhone(id, link) {
  const origin = originOf(id);
  let url;
  try {
    url = new URL(link, origin);
  } catch {
    return null;
  }
  const here = new URL(location.origin);
  const ours = url.origin === origin || same(url, new URL(state.world.server)) || (loopback(url.hostname) && url.port === here.port);
  return ours ? origin + url.pathname + url.search + url.hash : null;
}

/** The same path as the outside world writes it. */
export const onServer = (path) => new URL(path, state.world.server).href;
