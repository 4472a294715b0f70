// The panel beside the phones: WeChat's clock, faults and books.
// It refuses to act on a phone: it only turns time, breaks calls and reads what was paid.
import { h, dateTime, yuan } from './dom.js';
import { icon } from './icons.js';
import { FAULTS, lang, say, sayState } from './say.js';
import { advance, clearFaults, now, setFault, state } from './store.js';

const ROWS_SHOWN = 50;

/** Draws the panel into its place; returns what redraws the moving parts. */
export function panel(place, toast) {
  const guard = (work) => async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    try {
      await work();
    } catch (error) {
      toast(`${say('failed')}：${error.message}`);
    } finally {
      button.disabled = false;
    }
  };
  let parts = null;
  const build = () => {
    parts = { time: h('p', { class: 'pan-time', 'data-test': 'sim-time' }), active: h('div', { class: 'pan-active', 'aria-live': 'polite' }), books: h('div', {}), link: h('p', { class: 'pan-link', role: 'status' }) };
    place.replaceChildren(
      h('div', { class: 'pan-head' }, h('h2', {}, say('panel')),
        h('button', { type: 'button', class: 'plain-button pan-close', 'data-test': 'panel-close', onclick: () => document.body.classList.remove('show-panel') }, say('closePanel'))),
      section('clock', say('clock'), say('clockNote'), parts.time,
        h('div', { class: 'pan-buttons' },
          h('button', { type: 'button', class: 'plain-button', 'data-test': 'advance-1h', onclick: guard(() => advance(3600)) }, say('hour')),
          h('button', { type: 'button', class: 'plain-button', 'data-test': 'advance-24h', onclick: guard(() => advance(86400)) }, say('day')))),
      section('book', say('books'), say('booksNote'), parts.books),
      section('bolt', say('faults'), say('faultsNote'), parts.active,
        h('div', { class: 'pan-faults' }, FAULTS.map((fault) => faultButton(fault, guard)))),
      parts.link);
  };
  const tick = () => { parts.time.textContent = dateTime(now()); };
  const draw = () => {
    tick();
    parts.active.replaceChildren(...activeFaults(guard));
    parts.books.replaceChildren(...books());
    parts.link.textContent = state.online ? say('online') : say('offline');
    parts.link.dataset.online = String(state.online);
  };
  build();
  return { draw, tick, rebuild: () => { build(); draw(); } };
}

const section = (picture, title, note, ...content) => {
  const id = `pan-${picture}`;
  return h('section', { 'aria-labelledby': id }, h('h3', { id }, icon(picture), title), h('p', { class: 'pan-note' }, note), ...content);
};

function faultButton(fault, guard) {
  const [title, note] = fault[lang()];
  return h('button', {
    type: 'button', class: 'pan-fault', 'data-test': `fault-${fault.kind}`,
    onclick: guard(() => setFault({ on: fault.on, kind: fault.kind, times: 1 })),
  }, h('b', {}, title), h('small', {}, note));
}

function activeFaults(guard) {
  if (!state.faults.length) return [h('p', { class: 'pan-calm' }, icon('check'), say('noFault'))];
  return [
    h('ul', { class: 'pan-list' }, state.faults.map((fault) => {
      const kind = typeof fault.kind === 'string' ? fault.kind : Object.values(fault.kind ?? {}).join();
      const known = FAULTS.find((one) => one.kind === kind && one.on === fault.on);
      return h('li', { 'data-test': 'fault-active' }, icon('bolt'), h('b', {}, known ? known[lang()][0] : `${fault.on} ${kind}`), h('small', {}, `${say('waiting')} × ${fault.times ?? 1}`));
    })),
    h('button', { type: 'button', class: 'plain-button', 'data-test': 'faults-clear', onclick: guard(clearFaults) }, say('clear')),
  ];
}

const ownerOf = (billNo) => state.phones.find((phone) => phone.wallet.some((bill) => bill.bill_no === billNo))?.name;

function books() {
  const all = state.books ?? { paid_fen: 0, collected_fen: 0, returned_fen: 0, bills: [] };
  const figure = (key, value, test) => h('div', { class: 'figure' }, h('dt', {}, say(key)), h('dd', { 'data-test': test }, value));
  const rows = all.bills.slice(-ROWS_SHOWN).reverse();
  return [
    h('dl', { class: 'figures' }, figure('paid', yuan(all.paid_fen), 'books-paid'), figure('bills', String(all.bills.length), 'books-count'),
      figure('collected', yuan(all.collected_fen), 'books-collected'), figure('returned', yuan(all.returned_fen), 'books-returned')),
    rows.length ? h('div', { class: 'table-box', tabindex: '0', role: 'region', 'aria-label': say('books') }, h('table', {},
      h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, say('who')), h('th', { scope: 'col' }, say('bill')), h('th', { scope: 'col' }, say('state')), h('th', { scope: 'col', class: 'sum' }, say('amount')))),
      h('tbody', {}, rows.map((bill) => h('tr', { 'data-test': 'books-row' },
        h('td', {}, ownerOf(bill.bill_no) ?? `${String(bill.openid ?? '').slice(0, 6)}…`),
        h('td', { class: 'code', title: bill.bill_no }, `…${bill.bill_no.slice(-6)}`),
        h('td', { class: `state-${bill.state}` }, icon({ sent: 'clock', waiting_confirm: 'clock', collected: 'check' }[bill.state] ?? 'refresh'), sayState(bill.state)),
        h('td', { class: 'sum' }, yuan(bill.amount_fen)))))))
      : h('p', { class: 'pan-calm' }, say('noBills')),
  ];
}
