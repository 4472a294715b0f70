// One phone: its frame, status bar, stack of screens, banners and sheets.
// It refuses to remember anything of WeChat's: chats and money come from the simulator at every change.
import { h, hourMinute, still } from './dom.js';
import { accountIcon, icon, plainIcon } from './icons.js';
import { accountIndex, accountOf, now, payerOf, phoneOf } from './store.js';
import { article } from './article.js';
import { browser } from './browser.js';
import { chat, linesOf } from './chat.js';
import { home } from './home.js';
import { profile } from './profile.js';
import { wallet } from './wallet.js';

const SCREENS = { article, browser, chat, home, profile, wallet };

/** The chat in which WeChat tells of packets from accounts one does not follow. */
export const NOTICE = 'notice';

export class Phone {
  constructor(id, desk) {
    this.id = id;
    this.desk = desk;
    this.stack = [];
    this.seenBills = null;
    this.seenLines = new Map();
    this.opened = new Set();
    this.time = h('span', { class: 'status-time' });
    this.screens = h('div', { class: 'screens' });
    this.banners = h('div', { class: 'banners', 'aria-live': 'polite' });
    this.layer = h('div', { class: 'layer' });
    this.glass = h('div', { class: 'glass' },
      h('div', { class: 'status', 'aria-hidden': 'true' }, this.time,
        h('span', { class: 'status-icons' }, icon('signal', 'sig'), icon('wifi', 'sig'), icon('battery', 'bat'))),
      this.screens, this.banners, this.layer, h('div', { class: 'homebar', 'aria-hidden': 'true' }));
    this.el = h('section', { class: 'slot', 'data-test': 'phone', 'data-phone-id': id },
      h('div', { class: 'device' }, this.glass));
    this.update();
    this.push('home');
  }

  get data() {
    return phoneOf(this.id) ?? { id: this.id, name: '', follows: [], chats: [], wallet: [] };
  }

  follows(appid) {
    return this.data.follows.includes(appid);
  }

  /** Goes to a screen; an older one of the same kind leaves, so that every kind stands here once. */
  push(kind, params = {}) {
    const leaving = this.stack.filter((screen) => screen.kind === kind);
    this.stack = this.stack.filter((screen) => screen.kind !== kind);
    const screen = { kind, params, ...SCREENS[kind](this, params) };
    screen.el.classList.add('screen');
    screen.el.dataset.screen = kind;
    this.stack.push(screen);
    this.screens.append(screen.el);
    leaving.forEach((old) => this.drop(old));
    if (this.stack.length > 1) screen.el.classList.add('enter');
    if (!this.banners.querySelector('[data-test="packet-banner"]') || kind === 'chat') this.banners.replaceChildren();
    this.show();
    return screen;
  }

  /** Back to the screen before. */
  pop() {
    if (this.stack.length > 1) this.drop(this.stack.pop());
    this.show();
  }

  /** All the way back to the first screen, on one of its tabs. */
  toHome(tab) {
    while (this.stack.length > 1) this.drop(this.stack.pop());
    this.stack[0].select(tab);
    this.show();
  }

  drop(screen) {
    screen.leave?.();
    screen.el.remove();
  }

  show() {
    this.stack.forEach((screen, index) => {
      const top = index === this.stack.length - 1;
      screen.el.inert = !top;
      screen.el.classList.toggle('under', !top);
    });
    this.update();
  }

  get top() {
    return this.stack.at(-1);
  }

  /** Which chat a packet appears in: where WeChat put it, else the payer's if followed, else the service notices. */
  chatOfBill(bill) {
    const line = this.data.chats.find((entry) => entry.bill_no === bill.bill_no);
    if (line) return accountOf(line.appid) ? line.appid : NOTICE;
    const payer = payerOf(bill);
    return payer && this.follows(payer.appid) ? payer.appid : NOTICE;
  }

  openBill(bill) {
    this.push('chat', { appid: this.chatOfBill(bill) });
  }

  clock() {
    return hourMinute(now());
  }

  /** Draws what changed in the simulator, and announces what is new. */
  update() {
    this.time.textContent = this.clock();
    this.el.setAttribute('aria-label', this.data.name);
    this.announce();
    this.stack.forEach((screen) => screen.update?.());
  }

  announce() {
    const { wallet: bills } = this.data;
    const first = this.seenBills === null;
    if (first) this.seenBills = new Set();
    const fresh = bills.filter((bill) => !this.seenBills.has(bill.bill_no));
    fresh.forEach((bill) => this.seenBills.add(bill.bill_no));
    for (const appid of new Set(this.chatIds())) {
      const lines = linesOf(this, appid);
      const seen = this.seenLines.get(appid) ?? 0;
      if (first || this.reading(appid)) this.seenLines.set(appid, lines.length);
      else if (lines.length > seen && !this.announced?.has(`${appid}${lines.length}`)) this.tell(appid, lines.at(-1), lines.length);
    }
  }

  tell(appid, line, count) {
    this.announced = new Set([...(this.announced ?? []), `${appid}${count}`]);
    if (line.from === 'me') return;
    const packet = Boolean(line.bill);
    const account = appid === NOTICE ? null : accountOf(appid);
    this.banner({
      title: account?.name ?? '服务通知',
      text: packet ? `[微信红包] ${line.bill.wishing ?? '恭喜发财，大吉大利'}` : line.plain,
      account, packet,
      onTap: () => this.push('chat', { appid }),
    });
  }

  reading(appid) {
    return this.top?.kind === 'chat' && this.top.params.appid === appid;
  }

  unread(appid) {
    return Math.max(0, linesOf(this, appid).length - (this.seenLines.get(appid) ?? 0));
  }

  /** Everyone this phone has a chat with. */
  chatIds() {
    const { chats, follows, wallet: bills } = this.data;
    const known = chats.map((entry) => (accountOf(entry.appid) ? entry.appid : NOTICE));
    return [...new Set([...follows, ...known, ...bills.filter((bill) => bill.rail !== 'transfer').map((bill) => this.chatOfBill(bill))])];
  }

  /** A notification that slides down from the top and leaves by itself. */
  banner({ title, text, account, packet, onTap }) {
    const leave = () => note.remove();
    const note = h('button', { class: 'banner', type: 'button', 'data-test': packet ? 'packet-banner' : 'banner', onclick: () => { leave(); onTap(); } },
      account ? accountIcon(account, accountIndex(account.appid)) : plainIcon(packet ? 'wallet' : 'notice', 'notice'),
      h('span', { class: 'banner-text' }, h('b', {}, title), h('span', {}, text)),
      h('span', { class: 'banner-when' }, '现在'));
    this.banners.replaceChildren(note);
    setTimeout(leave, packet ? 9000 : 5000);
  }

  /** A short dark word in the middle of the glass. */
  toast(text) {
    this.layer.querySelector('.toast')?.remove();
    const word = h('div', { class: 'toast', role: 'status' }, text);
    this.layer.append(word);
    setTimeout(() => word.remove(), 2600);
  }

  /** An action sheet from below: `actions` are `{label, test?, icon?, run}`. */
  sheet(actions, head) {
    const before = document.activeElement;
    const close = () => {
      sheet.remove();
      if (before?.isConnected) before.focus({ preventScroll: true });
    };
    const buttons = actions.map((action) => h('button', {
      type: 'button', class: 'sheet-row', 'data-test': action.test,
      onclick: () => { close(); action.run(); },
    }, action.icon ? icon(action.icon) : null, action.label));
    const sheet = h('div', { class: 'sheet-back', onclick: (event) => event.target === sheet && close(), onkeydown: (event) => event.key === 'Escape' && close() },
      h('div', { class: 'sheet', role: 'dialog', 'aria-modal': 'true', 'aria-label': '操作' },
        head ?? null, h('div', { class: 'sheet-rows' }, buttons),
        h('button', { type: 'button', class: 'sheet-row sheet-cancel', 'data-test': 'sheet-cancel', onclick: close }, '取消')));
    this.layer.querySelector('.sheet-back')?.remove();
    this.layer.append(sheet);
    (buttons[0] ?? sheet.querySelector('button')).focus({ preventScroll: true });
    return close;
  }

  /** Puts something over everything on this phone, until the returned function is called. */
  cover(element) {
    this.layer.append(element);
    return () => {
      if (still()) return element.remove();
      element.classList.add('leaving');
      return Promise.allSettled(element.getAnimations().map((animation) => animation.finished)).then(() => element.remove());
    };
  }

  leave() {
    this.stack.forEach((screen) => screen.leave?.());
    this.el.remove();
  }
}

/** The bar at the top of a screen. */
export const navbar = (title, left, right, className = '') =>
  h('header', { class: `nav ${className}` }, h('div', { class: 'nav-side' }, left ?? null),
    h('h2', { class: 'nav-title' }, title), h('div', { class: 'nav-side end' }, right ?? null));

/** A round button of a bar. */
export const barButton = (name, label, onclick, test) =>
  h('button', { type: 'button', class: 'bar-button', 'aria-label': label, 'data-test': test, onclick }, icon(name));
