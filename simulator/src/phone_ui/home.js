// The four tabs of the chat app: chats, contacts, discover and me.
// It refuses to hold what a tab shows: each drawing starts from the phone's last known state.
import { drawing, h, moment, yuan } from './dom.js';
import { accountIcon, icon, plainIcon } from './icons.js';
import { accountIndex, accountOf, now, state } from './store.js';
import { NOTICE, navbar } from './device.js';
import { STREET, TITLE } from './article.js';
import { linesOf } from './chat.js';

const TABS = [
  ['chats', '微信', 'chats'], ['contacts', '通讯录', 'contacts'], ['discover', '发现', 'compass'], ['me', '我', 'me'],
];

/** The first screen, with its bottom bar. */
export function home(phone) {
  let tab = 'chats';
  const title = navbar('微信');
  const body = h('div', { class: 'scroll home-body' });
  const buttons = TABS.map(([key, label, picture]) => h('button', {
    type: 'button', class: 'tab', 'data-test': `tab-${key}`, onclick: () => select(key),
  }, icon(picture), h('span', {}, label)));
  const bar = h('nav', { class: 'tabs', 'aria-label': '底部导航' }, buttons);
  const draw = () => {
    const wanted = { chats, contacts, discover, me }[tab](phone);
    const key = JSON.stringify([tab, phone.data, phone.chatIds().map((appid) => phone.unread(appid)), now() - (now() % 60000)]);
    if (body.dataset.key === key) return;
    body.dataset.key = key;
    body.replaceChildren(...wanted);
    TABS.forEach(([name], index) => {
      if (name === tab) buttons[index].setAttribute('aria-current', 'page');
      else buttons[index].removeAttribute('aria-current');
    });
    const unread = phone.chatIds().reduce((sum, appid) => sum + phone.unread(appid), 0);
    buttons[0].toggleAttribute('data-unread', unread > 0);
    title.querySelector('h2').textContent = tab === 'chats' && unread ? `微信(${unread})` : TABS.find(([name]) => name === tab)[1];
    title.hidden = tab === 'me';
    body.classList.toggle('bare', tab === 'me');
  };
  const select = (wanted = 'chats') => {
    tab = wanted;
    draw();
    body.scrollTop = 0;
  };
  return { el: h('div', { class: 'home' }, title, body, bar), update: draw, select };
}

const row = ({ picture, title, text, side, test, dot, onTap }) =>
  h('button', { type: 'button', class: 'row', 'data-test': test, onclick: onTap },
    h('span', { class: 'row-picture', 'data-dot': dot ? String(dot) : null }, picture),
    h('span', { class: 'row-text' }, h('span', { class: 'row-title' }, h('b', {}, title), side ? h('small', {}, side) : null),
      text ? h('span', { class: 'row-line' }, text) : null));

const recommended = (phone) => row({
  picture: plainIcon('paper', 'paper'), title: '今日推荐', test: 'open-article',
  text: `城市生活志：${TITLE}`, side: '推荐', onTap: () => phone.push('article'),
});

/** The same article at the size of an invitation, for a phone that follows nobody yet. */
const invitation = (phone) => h('button', { type: 'button', class: 'cover-card pulse', 'data-test': 'open-article', onclick: () => phone.push('article') },
  drawing(STREET, 'art-street'),
  h('span', { class: 'cover-words' }, h('small', {}, '今日推荐 · 城市生活志'), h('b', {}, TITLE),
    h('span', { class: 'cover-go' }, '读文章', icon('go'))));

function chats(phone) {
  const rows = phone.chatIds().map((appid) => ({ appid, last: linesOf(phone, appid).at(-1) }));
  rows.sort((a, b) => (b.last?.at ?? 0) - (a.last?.at ?? 0));
  return [
    rows.length ? recommended(phone) : invitation(phone),
    ...rows.map(({ appid, last }) => {
      const account = accountOf(appid);
      const waiting = last?.bill?.state === 'sent';
      return row({
        picture: appid === NOTICE ? plainIcon('notice', 'notice') : accountIcon(account, accountIndex(appid)),
        title: appid === NOTICE ? '服务通知' : account?.name ?? appid, test: `chat-${appid}`,
        text: last ? [waiting ? h('em', {}, '[微信红包] ') : null, last.bill ? last.bill.wishing ?? '恭喜发财，大吉大利' : last.plain] : '已关注，还没有消息',
        side: last ? moment(last.at, now()) : '', dot: phone.unread(appid),
        onTap: () => phone.push('chat', { appid }),
      });
    }),
    rows.length ? null : h('p', { class: 'quiet' }, '关注的公众号会出现在这里'),
  ].filter(Boolean);
}

function contacts(phone) {
  const followed = phone.data.follows.map((appid) => accountOf(appid)).filter(Boolean);
  return [
    h('h3', { class: 'group' }, `公众号 · ${followed.length}`),
    ...followed.map((account) => row({
      picture: accountIcon(account, accountIndex(account.appid)), title: account.name,
      test: `contact-${account.appid}`, onTap: () => phone.push('profile', { appid: account.appid }),
    })),
    followed.length ? null : h('p', { class: 'quiet' }, '还没有关注公众号'),
  ].filter(Boolean);
}

function discover(phone) {
  const campaign = state.world.campaign;
  return [
    h('h3', { class: 'group' }, '看一看'), recommended(phone),
    campaign ? h('h3', { class: 'group' }, '活动') : null,
    campaign ? row({
      picture: plainIcon('compass', '1'), title: campaign.name, text: '全部参加活动的公众号', test: 'open-hub',
      onTap: () => phone.push('browser', { url: `/p/${campaign.slug}` }),
    }) : null,
  ].filter(Boolean);
}

/** What lies in the wallet: everything collected. */
export const balance = (phone) =>
  phone.data.wallet.reduce((sum, bill) => (bill.state === 'collected' ? sum + bill.amount_fen : sum), 0);

function me(phone) {
  const waiting = phone.data.wallet.filter((bill) => bill.state === 'sent').length;
  return [
    h('div', { class: 'me-card' }, h('span', { class: 'me-face', 'aria-hidden': 'true' }, phone.data.name.slice(0, 1)),
      h('div', {}, h('b', {}, phone.data.name), h('small', {}, `微信号：${phone.id}`), h('small', {}, phone.data.ip ? `网络地址：${phone.data.ip}` : ''))),
    h('button', { type: 'button', class: 'cell', 'data-test': 'wallet', onclick: () => phone.push('wallet') },
      icon('wallet'), h('span', {}, '服务 · 钱包'), h('small', {}, waiting ? `${waiting} 个红包待拆` : `¥${yuan(balance(phone))}`), icon('go', 'ico go')),
    h('button', { type: 'button', class: 'cell', onclick: () => phone.push('article') },
      icon('paper'), h('span', {}, '今日推荐'), icon('go', 'ico go')),
  ];
}
