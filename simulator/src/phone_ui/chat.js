// A chat with one official account, or the service notices: bubbles, links, packets and the input bar.
// It refuses to invent messages: every line is one the simulator delivered, or a packet in the wallet.
import { h, moment } from './dom.js';
import { accountIcon, icon, plainIcon } from './icons.js';
import { accountIndex, accountOf, now, onPhone, payerOf, send } from './store.js';
import { NOTICE, barButton, navbar } from './device.js';
import { openPacket } from './packet.js';

const ANCHOR = /<a\b[^>]*\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]*))[^>]*>([\s\S]*?)<\/a>/gi;
const BARE = /https?:\/\/[^\s<>"'，。；！？）]+/g;
const entities = (text) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');

/** A message as pieces of text, some of them links; `words` are those that `url` stands on. */
export function pieces(text, url, words) {
  const found = [];
  const rest = (from, to) => to > from && found.push({ text: entities(text.slice(from, to)) });
  let at = 0;
  for (const match of text.matchAll(ANCHOR)) {
    rest(at, match.index);
    found.push({ text: entities(match[4]), href: entities(match[1] ?? match[2] ?? match[3]) });
    at = match.index + match[0].length;
  }
  if (!at) {
    for (const match of text.matchAll(BARE)) {
      rest(at, match.index);
      found.push({ text: '点这里领红包', href: match[0] });
      at = match.index + match[0].length;
    }
  }
  if (!at && url) {
    const inside = words ? text.indexOf(words) : -1;
    const [from, to] = inside < 0 ? [0, text.length] : [inside, inside + words.length];
    rest(0, from);
    found.push({ text: entities(text.slice(from, to).trim()) || '打开链接', href: url });
    at = to;
  }
  rest(at, text.length);
  return found;
}

const known = new WeakMap();

/** All lines of a chat in order, packets among them. */
export function linesOf(phone, appid) {
  const { data } = phone;
  if (!known.has(data)) known.set(data, new Map());
  const cache = known.get(data);
  if (!cache.has(appid)) cache.set(appid, compose(phone, data, appid));
  return cache.get(appid);
}

const isPacketText = (entry) => Boolean(entry.bill_no) || (!entry.url && !entry.link && entry.text.startsWith('[微信红包]'));

function compose(phone, data, appid) {
  const said = data.chats
    .filter((entry) => (accountOf(entry.appid) ? entry.appid : NOTICE) === appid && !isPacketText(entry))
    .map((entry) => {
      const parts = pieces(entry.text ?? '', entry.url ?? entry.link, entry.words);
      return { ...entry, parts, plain: parts.map((part) => part.text).join('') };
    });
  const packets = data.wallet.filter((bill) => phone.chatOfBill(bill) === appid).map((bill) => ({ from: 'account', at: bill.at, bill }));
  return [...said, ...packets].sort((a, b) => a.at - b.at);
}

/** The chat's screen. */
export function chat(phone, { appid }) {
  const account = accountOf(appid);
  const list = h('div', { class: 'scroll chat-lines', role: 'log', 'aria-label': '消息' });
  const input = h('input', { class: 'chat-input', 'data-test': 'chat-input', 'aria-label': '输入消息', placeholder: '发消息', autocomplete: 'off', enterkeyhint: 'send', maxlength: '200' });
  const say = async (text) => {
    const words = text.trim();
    if (!words) return;
    input.value = '';
    try {
      await send(phone.id, appid, words);
    } catch (error) {
      phone.toast(`没有发出去：${error.message}`);
      input.value = words;
    }
  };
  const form = h('form', { class: 'chat-bar', onsubmit: (event) => { event.preventDefault(); say(input.value); } },
    h('button', { type: 'button', class: 'chip', 'data-test': 'chat-redpacket', onclick: () => say('红包') }, '红包'),
    input, h('button', { type: 'submit', class: 'send', 'data-test': 'chat-send' }, '发送'));
  const update = () => {
    const lines = linesOf(phone, appid);
    phone.seenLines.set(appid, Math.max(phone.reading(appid) ? lines.length : 0, phone.seenLines.get(appid) ?? 0));
    const key = JSON.stringify([lines, [...phone.opened]]);
    if (list.dataset.key === key) return;
    const stick = !list.dataset.key || list.scrollHeight - list.scrollTop - list.clientHeight < 80;
    list.dataset.key = key;
    list.replaceChildren(...draw(phone, appid, lines));
    if (stick) list.scrollTop = list.scrollHeight;
  };
  const more = account ? barButton('more', '公众号资料', () => phone.push('profile', { appid }), 'chat-profile') : null;
  const el = h('div', { class: 'chat' },
    navbar(account?.name ?? '服务通知', barButton('back', '返回', () => phone.pop(), 'back'), more), list, account ? form : null);
  requestAnimationFrame(() => { list.scrollTop = list.scrollHeight; });
  return { el, update };
}

function draw(phone, appid, lines) {
  const fresh = lines.findLast((line) => line.parts?.some((part) => part.href) && !phone.opened.has(line.url ?? line.link ?? line.parts.find((part) => part.href).href));
  const waiting = lines.findLast((line) => line.bill?.state === 'sent');
  let last = 0;
  if (!lines.length) return [h('p', { class: 'quiet' }, '还没有消息')];
  return lines.flatMap((line) => {
    const when = line.at - last > 5 * 60_000 ? h('p', { class: 'chat-when' }, moment(line.at, now())) : null;
    last = line.at;
    return [when, bubble(phone, appid, line, waiting ? line === waiting : line === fresh)].filter(Boolean);
  });
}

function bubble(phone, appid, line, hint) {
  if (line.from === 'system') return h('p', { class: 'chat-system' }, line.plain);
  const mine = line.from === 'me';
  const account = line.bill ? payerOf(line.bill) : accountOf(appid);
  const face = mine ? h('span', { class: 'avatar face', 'aria-hidden': 'true' }, phone.data.name.slice(0, 1))
    : account ? accountIcon(account, accountIndex(account.appid)) : plainIcon('notice', 'notice');
  const body = line.bill ? packet(phone, line.bill, account, hint) : h('div', { class: 'bubble' }, line.parts.map((part) => piece(phone, part, line, hint)));
  return h('div', { class: `line ${mine ? 'mine' : ''}` }, face, body);
}

function piece(phone, part, line, hint) {
  if (!part.href) return part.text;
  return h('a', {
    href: part.href, class: `chat-link ${hint ? 'pulse-text' : ''}`, 'data-test': 'chat-link',
    onclick: (event) => {
      event.preventDefault();
      phone.opened.add(line.url ?? line.link ?? part.href);
      openLink(phone, part.href);
    },
  }, part.text);
}

/** Opens a link in the phone's browser, or says that it leads out of the demo. */
export function openLink(phone, href) {
  if (onPhone(phone.id, href)) phone.push('browser', { url: href });
  else phone.toast('演示里的手机打不开外面的网址');
}

const PACKET_WORD = { sent: '', collected: '已领取', returned: '已退回' };

function packet(phone, bill, payer, hint) {
  const word = PACKET_WORD[bill.state] ?? '';
  return h('button', {
    type: 'button', class: `packet ${hint ? 'pulse' : ''}`, 'data-test': 'packet', 'data-state': bill.state, 'data-bill-no': bill.bill_no,
    onclick: () => openPacket(phone, bill.bill_no, payer),
  },
  h('span', { class: 'packet-main' }, h('span', { class: 'packet-art', 'aria-hidden': 'true' }),
    h('span', { class: 'packet-words' }, h('b', {}, bill.wishing ?? '恭喜发财，大吉大利'), word ? h('small', {}, word) : null)),
  h('span', { class: 'packet-foot' }, '微信红包'));
}
