// The sheet that asks a receiver to take a merchant's transfer, as WeChat shows it over a page.
// It refuses another person's transfer, and says nothing about the money: a page learns only how the sheet was left.
import { h, yuan } from './dom.js';
import { icon } from './icons.js';
import { confirm, offer } from './store.js';

/** Asks the person; tells 'ok' when the sheet was shown and left by its button, 'cancel' or 'fail'. */
export async function askToConfirm(phone, data) {
  let bill;
  try {
    bill = await offer(phone.id, data);
  } catch (error) {
    phone.toast(error.message);
    return 'fail';
  }
  return new Promise((done) => show(phone, bill, done));
}

function show(phone, bill, done) {
  const before = document.activeElement;
  const close = (end) => {
    leave();
    if (before?.isConnected) before.focus({ preventScroll: true });
    done(end);
  };
  const take = async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    try {
      const { state } = await confirm(phone.id, bill.bill_no);
      phone.toast({ collected: '已存入零钱', failed: '收款失败' }[state] ?? '正在到账');
      close('ok');
    } catch (error) {
      button.disabled = false;
      phone.toast(`没有收款：${error.message}`);
    }
  };
  const waits = bill.state === 'waiting_confirm';
  const words = { collected: '已收款，存入零钱', returned: '没有收款，已退回商户', failed: '收款失败' };
  const box = h('div', { class: 'sheet transfer-sheet', role: 'dialog', 'aria-modal': 'true', 'aria-label': '确认收款', 'data-test': 'transfer-sheet' },
    h('button', { type: 'button', class: 'bar-button', 'aria-label': '关闭', 'data-test': 'transfer-close', onclick: () => close(waits ? 'cancel' : 'ok') }, icon('close')),
    h('h3', {}, bill.perception),
    h('p', { class: 'transfer-sum', 'data-test': 'transfer-amount' }, h('small', {}, '¥'), yuan(bill.amount_fen)),
    h('dl', {}, h('dt', {}, '付款方'), h('dd', {}, bill.payer ?? '商户'), h('dt', {}, '转账备注'), h('dd', {}, bill.remark)),
    waits
      ? h('button', { type: 'button', class: 'transfer-take', 'data-test': 'transfer-confirm', onclick: take }, '确认收款')
      : h('p', { class: 'quiet', 'data-test': 'transfer-over' }, words[bill.state] ?? bill.state));
  const leave = phone.cover(h('div', { class: 'sheet-back', onkeydown: (event) => event.key === 'Escape' && close(waits ? 'cancel' : 'ok') }, box));
  box.querySelector('.transfer-take, button')?.focus({ preventScroll: true });
}
