// The wallet: the balance and the list of bills, newest first.
// It refuses to count what was not opened or went back.
import { h, dateTime, yuan } from './dom.js';
import { accountIcon, icon } from './icons.js';
import { accountIndex, payerOf } from './store.js';
import { barButton, navbar } from './device.js';
import { balance } from './home.js';

const STATES = {
  sent: ['待拆开', 'clock'], collected: ['已存入零钱', 'check'], returned: ['已退回', 'refresh'],
  waiting_confirm: ['待确认收款', 'clock'], failed: ['收款失败', 'close'],
};
const TRANSFER_STATES = { ...STATES, returned: ['已关闭', 'refresh'] };

/** The wallet's screen. */
export function wallet(phone) {
  const body = h('div', { class: 'scroll wallet-body', 'data-test': 'wallet-screen' });
  const update = () => {
    const bills = phone.data.wallet.toSorted((a, b) => b.at - a.at);
    const key = JSON.stringify(bills);
    if (body.dataset.key === key) return;
    body.dataset.key = key;
    body.replaceChildren(
      h('div', { class: 'wallet-card' }, h('span', {}, icon('wallet'), '零钱'),
        h('p', { 'data-test': 'wallet-balance' }, h('small', {}, '¥'), yuan(balance(phone)))),
      h('h3', { class: 'group' }, '账单'),
      bills.length ? h('ul', { class: 'bills' }, bills.map((bill) => row(phone, bill)))
        : h('p', { class: 'quiet' }, '还没有账单。领到的红包会记在这里。'));
  };
  return {
    el: h('div', { class: 'wallet' }, navbar('钱包', barButton('back', '返回', () => phone.pop(), 'back'), null), body),
    update,
  };
}

function row(phone, bill) {
  const payer = payerOf(bill);
  const isTransfer = bill.rail === 'transfer';
  const [word, picture] = (isTransfer ? TRANSFER_STATES : STATES)[bill.state] ?? [bill.state, 'clock'];
  const title = isTransfer ? `商家转账-来自${payer?.name ?? '商户'}` : `微信红包-来自${bill.send_name ?? payer?.name ?? '公众号'}`;
  return h('li', {}, h('button', {
    type: 'button', class: 'bill', 'data-test': 'wallet-row', 'data-state': bill.state, 'data-bill-no': bill.bill_no, 'data-amount-fen': bill.amount_fen, 'data-rail': bill.rail,
    onclick: () => (isTransfer ? phone.toast(bill.state === 'waiting_confirm' ? '请在商家的页面里确认收款' : word) : phone.openBill(bill)),
  },
  accountIcon(payer, payer ? accountIndex(payer.appid) : 0),
  h('span', { class: 'bill-text' }, h('b', {}, title), h('small', {}, dateTime(bill.at).slice(5, 16))),
  h('span', { class: 'bill-sum' }, h('b', {}, `${bill.state === 'collected' ? '+' : ''}${yuan(bill.amount_fen)}`),
    h('small', { class: `bill-${bill.state}` }, icon(picture), word))));
}
