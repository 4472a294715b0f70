// The phone's browser: one iframe on the phone's own origin, a title bar and the "…" menu.
// It refuses messages from any window but its own page, and addresses outside this little world.
import { h } from './dom.js';
import { icon, plainIcon } from './icons.js';
import { onPhone, onServer, originOf, state } from './store.js';
import { barButton, navbar } from './device.js';
import { openLink } from './chat.js';
import { askToConfirm } from './transfer.js';

/** The account behind a QR code's text, if this world has it. */
const accountOfQr = (value) =>
  state.world.accounts.find((account) => account.qr === value)
  ?? state.world.accounts.find((account) => account.original_id && String(value).includes(account.original_id));

function accountOfBiz(biz) {
  try {
    const plain = atob(biz);
    return state.world.accounts.find((account) => account.original_id === plain);
  } catch {
    return undefined;
  }
}

/** The browser's screen, opened at `url`. */
export function browser(phone, { url }) {
  const origin = originOf(phone.id);
  let page = { path: new URL(onPhone(phone.id, url)).href.slice(origin.length), title: '', share: null };
  const frame = h('iframe', {
    class: 'frame', title: `${phone.data.name}的浏览器`, 'data-test': 'browser-frame', src: origin + page.path,
    sandbox: 'allow-scripts allow-forms allow-same-origin allow-modals', allow: 'clipboard-write',
  });
  const bar = navbar('加载中…', barButton('close', '关闭', () => phone.pop(), 'browser-close'), barButton('more', '更多', () => menu(), 'browser-more'));
  const hint = h('p', { class: 'frame-hint', hidden: true }, icon('qr'), '长按二维码，识别后关注');
  const progress = h('span', { class: 'frame-progress', 'aria-hidden': 'true' });
  frame.addEventListener('load', () => progress.classList.add('done'));
  const ask = (account) => {
    if (!account) return phone.toast('没有认出这个二维码');
    phone.sheet([{
      label: `识别图中的公众号：${account.name}`, test: 'qr-sheet-open', icon: 'qr',
      run: () => phone.push('profile', { appid: account.appid }),
    }]);
  };
  const meanings = {
    nav: ({ title, path, qr }) => {
      const moved = path !== page.path;
      page = { path: typeof path === 'string' && path.startsWith('/') ? path : page.path, title: String(title ?? '').slice(0, 60), share: moved ? null : page.share };
      bar.querySelector('h2').textContent = page.title || '网页';
      hint.hidden = !qr;
      progress.classList.add('done');
    },
    leaving: () => progress.classList.remove('done'),
    qr: ({ value }) => ask(accountOfQr(value)),
    profile: ({ biz }) => {
      const account = accountOfBiz(biz);
      if (account) phone.push('profile', { appid: account.appid });
      else phone.toast('没有找到这个公众号');
    },
    share: ({ data }) => { page.share = data; },
    close: () => phone.pop(),
    requestMerchantTransfer: async ({ id, data }) => {
      const end = await askToConfirm(phone, data);
      frame.contentWindow?.postMessage({ type: 'answer', id, end }, origin);
    },
    open: ({ url: link }) => openLink(phone, link),
  };
  const listen = (event) => {
    if (event.source !== frame.contentWindow || event.origin !== origin || typeof event.data !== 'object' || event.data === null) return;
    if (Object.hasOwn(meanings, event.data.type)) meanings[event.data.type](event.data);
  };
  window.addEventListener('message', listen);
  const menu = () => phone.sheet([
    { label: '刷新', icon: 'refresh', test: 'browser-refresh', run: () => { progress.classList.remove('done'); frame.src = origin + page.path; } },
    { label: '复制链接', icon: 'link', test: 'browser-copy', run: () => copy(phone, onServer(page.path)) },
    ...phone.desk.others(phone).map((other) => ({
      label: `发送给 ${other.data.name}`, icon: 'share', test: 'browser-share',
      run: () => share(phone, other, page),
    })),
  ], shareCard(page));
  return {
    el: h('div', { class: 'browser' }, bar, progress, h('div', { class: 'frame-box' }, frame, hint)),
    leave: () => window.removeEventListener('message', listen),
  };
}

async function copy(phone, link) {
  try {
    await navigator.clipboard.writeText(link);
    phone.toast('链接已复制');
  } catch {
    phone.toast(link);
  }
}

/** What a friend would see: the card the page asked for, or its bare title. */
function shareCard(page) {
  const data = page.share ?? {};
  return h('div', { class: 'share-card', 'data-test': 'share-card' },
    h('span', {}, h('b', {}, data.title || page.title || '网页'), h('small', {}, data.desc || onServer(page.path))),
    plainIcon('link', 'notice'));
}

function share(phone, other, page) {
  const link = page.share?.link || page.path;
  phone.toast(`已发送给 ${other.data.name}`);
  other.banner({
    title: phone.data.name, text: `[链接] ${page.share?.title || page.title || '网页'}`,
    onTap: () => openLink(other, link),
  });
}
