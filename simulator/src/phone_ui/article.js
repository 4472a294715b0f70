// The article a reader starts from: a long read with one icon for every promoted account.
// It refuses to follow anybody: an icon only opens that account's link in the phone's browser.
import { drawing, h } from './dom.js';
import { accountIcon, icon } from './icons.js';
import { accountIndex, accountOf, state } from './store.js';
import { barButton, navbar } from './device.js';

/** The article's title. */
export const TITLE = '这条老街新开了几家店，开业红包请你尝鲜';

/** The article's picture: a street with new shops. */
export const STREET = `<svg viewBox="0 0 350 168" role="img" aria-label="插图：清晨的老街">
<rect width="350" height="168" class="sky"/><circle cx="282" cy="46" r="22" class="sun"/>
<path d="M0 104c36-22 66-22 98-6s62 10 96-8 88-20 156 8v70H0z" class="hill"/>
<g class="wall"><rect x="18" y="74" width="74" height="74"/><rect x="100" y="60" width="66" height="88"/><rect x="174" y="80" width="82" height="68"/><rect x="264" y="66" width="70" height="82"/></g>
<g class="roof"><path d="M12 76h86l-8-16H20zM94 62h78l-8-18h-62zM168 82h94l-10-15h-74zM258 68h82l-9-17h-64z"/></g>
<g class="lit"><rect x="30" y="104" width="24" height="30" rx="2"/><rect x="112" y="104" width="22" height="30" rx="2"/><rect x="112" y="74" width="14" height="14" rx="1"/><rect x="138" y="74" width="14" height="14" rx="1"/><rect x="188" y="104" width="26" height="24" rx="2"/><rect x="278" y="102" width="22" height="28" rx="2"/></g>
<g class="door"><rect x="64" y="108" width="18" height="40"/><rect x="142" y="108" width="16" height="40"/><rect x="224" y="108" width="20" height="40"/><rect x="308" y="106" width="16" height="42"/></g>
<g class="awning"><path d="M24 96h64l4 9H20zM104 96h58l4 9h-66zM178 96h74l4 9h-82zM268 94h62l4 9h-70z"/></g>
<g class="lamp"><circle cx="96" cy="98" r="4.5"/><circle cx="170" cy="96" r="4.5"/><circle cx="260" cy="96" r="4.5"/></g>
<rect y="148" width="350" height="20" class="road"/><path d="M0 158h350" class="kerb"/></svg>`;

const WORDS = {
  gh_shanyecoffee: '第一家是咖啡馆。豆子从云南的山上来，老板每天清晨自己烘，整条街都闻得见。',
  gh_mandubooks: '隔壁的书房不大，靠窗的位置最好，点一壶茶可以坐一下午。',
  gh_chengnan: '再走几步是小馆，一碗热汤面从早卖到晚，街坊都说浇头给得足。',
  gh_lingbaofuwu: '开业的红包，由几家店合着发，从服务号里直接领。',
};

/** The long read. */
export function article(phone) {
  const cards = h('div', { class: 'art-cards' });
  const links = state.world.links ?? [];
  const accounts = links.map((link) => accountOf(link.account)).filter(Boolean);
  const update = () => {
    const next = links.find((link) => !phone.follows(link.account));
    cards.replaceChildren(...links.map((link) => card(phone, link, link === next && phone.data.follows.length === 0)));
    if (!links.length) cards.replaceChildren(h('p', { class: 'quiet' }, '还没有推广链接'));
  };
  return {
    el: h('div', { class: 'article' },
      navbar('', barButton('back', '返回', () => phone.pop(), 'back'), null, 'paper'),
      h('div', { class: 'scroll art-body' },
        h('h1', {}, TITLE),
        h('p', { class: 'art-by' }, h('span', { class: 'art-original' }, '原创'), h('b', {}, '城市生活志'), '今天 08:00 · 本地'),
        drawing(STREET, 'art-street'),
        h('p', {}, '入秋之后，城南这条老街忽然热闹起来。拆掉围挡的那天早上，几块新招牌同时亮了灯，路过的人都慢下了脚步。'),
        ...accounts.map((account) => WORDS[account.original_id]).filter(Boolean).map((text) => h('p', {}, text)),
        h('p', {}, '几位店主商量好了：谁来关注，就送谁一份见面礼。红包直接进微信零钱，每人一次。'),
        h('h2', { class: 'art-heading' }, '点图标，关注领红包'), cards,
        h('p', { class: 'art-end' }, '— 完 —'),
        h('p', { class: 'art-foot' }, '阅读 1.2万　赞 386　在看 152'))),
    update,
  };
}

function card(phone, link, hint) {
  const account = accountOf(link.account);
  const followed = phone.follows(link.account);
  return h('button', {
    type: 'button', class: `art-card ${hint ? 'pulse' : ''}`, 'data-test': `article-icon-${link.code}`,
    onclick: () => phone.push('browser', { url: link.url ?? `/l/${link.code}` }),
  },
  accountIcon(account, accountIndex(link.account), 'large'),
  h('b', {}, account?.name ?? link.code),
  h('span', { class: followed ? 'art-done' : 'art-call' }, followed ? [icon('check'), '已关注'] : '关注领红包'));
}
