// A red packet over the whole phone: its cover, the gold button, the opening and the amount.
// It refuses to show an amount before the simulator has booked the collection.
import { h, still, yuan } from './dom.js';
import { accountIcon, icon } from './icons.js';
import { accountIndex, collect } from './store.js';

const OPENING_MS = 700;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Shows a packet: closed, opened or returned, as the wallet says. */
export function openPacket(phone, billNo, payer) {
  const bill = () => phone.data.wallet.find((entry) => entry.bill_no === billNo);
  const before = document.activeElement;
  const leave = phone.cover(h('div', {
    class: 'packet-back', role: 'dialog', 'aria-modal': 'true', 'aria-label': '微信红包',
    onkeydown: (event) => event.key === 'Escape' && close(),
  }));
  const back = phone.layer.lastElementChild;
  const close = () => {
    leave();
    if (before?.isConnected) before.focus({ preventScroll: true });
  };
  const first = bill();
  if (!first) return close();
  back.append(first.state === 'sent' ? closed(phone, payer, first, close, back) : inside(phone, payer, first, close));
  back.querySelector('button')?.focus({ preventScroll: true });
}

const from = (payer, bill) => h('p', { class: 'pk-from' }, payer ? accountIcon(payer, accountIndex(payer.appid), 'small') : null,
  h('b', {}, `${bill.send_name ?? payer?.name ?? '公众号'}的红包`));

function closed(phone, payer, bill, close, back) {
  const press = async () => {
    coin.disabled = true;
    box.classList.add('opening');
    try {
      await Promise.all([collect(phone.id, bill.bill_no), still() ? null : pause(OPENING_MS)]);
    } catch (error) {
      box.classList.remove('opening');
      coin.disabled = false;
      phone.toast(`没有拆开：${error.message}`);
      return;
    }
    const now = phone.data.wallet.find((entry) => entry.bill_no === bill.bill_no) ?? { ...bill, state: 'collected' };
    box.classList.add('opened');
    back.prepend(inside(phone, payer, now, close, true));
    if (!still()) await pause(250);
    box.remove();
    back.querySelector('[data-test="packet-wallet"]')?.focus({ preventScroll: true });
  };
  const coin = h('button', { type: 'button', class: 'pk-coin pulse-gold', 'data-test': 'packet-open', 'aria-label': '开红包', onclick: press }, h('span', {}, '開'));
  const box = h('div', { class: 'pk-closed' },
    h('div', { class: 'pk-top' }, from(payer, bill), h('p', { class: 'pk-wish' }, bill.wishing ?? '恭喜发财，大吉大利')),
    h('div', { class: 'pk-bottom' }), coin,
    h('button', { type: 'button', class: 'pk-close', 'aria-label': '关闭', 'data-test': 'packet-close', onclick: close }, icon('close')));
  return box;
}

function inside(phone, payer, bill, close, fresh = false) {
  const returned = bill.state === 'returned';
  const toWallet = () => {
    close();
    phone.toHome('me');
    phone.push('wallet');
  };
  return h('div', { class: `pk-inside ${fresh ? 'fresh' : ''}` },
    h('div', { class: 'pk-arch', 'aria-hidden': 'true' }),
    h('button', { type: 'button', class: 'pk-back', 'aria-label': '返回', 'data-test': 'packet-close', onclick: close }, icon('back')),
    from(payer, bill), h('p', { class: 'pk-wish' }, bill.wishing ?? '恭喜发财，大吉大利'),
    returned
      ? h('p', { class: 'pk-word' }, '超过 24 小时没有打开，红包已退回')
      : h('p', { class: 'pk-amount', 'data-test': 'packet-amount' }, h('b', {}, yuan(bill.amount_fen)), h('span', {}, '元')),
    returned ? null : h('p', { class: 'pk-done' }, '已存入零钱'),
    h('button', { type: 'button', class: 'pk-wallet', 'data-test': 'packet-wallet', onclick: toWallet }, '去钱包看账单', icon('go')));
}
